import InvertTask
import PluginChecks
import Testing

@Test func keepsEveryPromise() {
  #expect(checkTask(InvertTask.definition).filter { !$0.isKept } == [])
}
