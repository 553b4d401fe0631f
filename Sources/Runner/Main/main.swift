import Runner

CommandLineProgram.main()
