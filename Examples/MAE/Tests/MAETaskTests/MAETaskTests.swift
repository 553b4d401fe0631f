import MAETask
import PluginChecks
import Testing
import WorldModel

@Test(arguments: [0.5, 0.75, 0.95]) func keepsEveryPromise(hidden: Double) {
  let options = ["hidden": OptionValue.number(hidden), "width": .integer(32), "depth": .integer(1)]
  #expect(checkTask(MAETask.definition, options: options).filter { !$0.isKept } == [])
}

@Test func refusesAWidthWithoutHeads() {
  let problem = checkTask(MAETask.definition, options: ["width": .integer(40)]).compactMap(\.problem).first
  #expect(problem?.contains("multiple of 16") == true)
}
