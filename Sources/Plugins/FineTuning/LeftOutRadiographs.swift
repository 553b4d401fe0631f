import WorldModel

/// Names every radiograph that cannot be used, once, however often it is met.
package final class LeftOutRadiographs {
  private let workspace: any EvaluationWorkspace
  private var named: Set<String> = []

  package init(_ workspace: any EvaluationWorkspace) { self.workspace = workspace }

  /// - Returns: what could be made of radiographs, in their order.
  /// - Throws: every other error than `UnusableRadiograph`.
  package func usable<Made>(_ results: [Result<Made, any Error>]) throws -> [Made] {
    try results.compactMap { result in
      do { return try result.get() } catch let error as UnusableRadiograph {
        if named.insert(error.identifier).inserted { try workspace.warn("left out: \(error)") }
        return nil
      }
    }
  }
}
