public enum CommandLineProgram {
  public static func main() {}
}
