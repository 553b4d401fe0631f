import CoreTensor
import Foundation

/// What one micro-batch of a step reports, whichever rank computed it.
struct MicroBatchReport: @unchecked Sendable {
  /// What the host knows of it, which travels between ranks.
  struct Outline: Codable, Sendable {
    /// Of `values`.
    var names: [String]
    var groups: [Int]
    var weights: [Float]
    /// Of each task's objective in the forward pass.
    var seconds: [String: Double]
  }
  let outline: Outline
  /// One value for each name, on the device.
  let values: Tensor
  /// What buffers of objectives follow, the same ones in every micro-batch of a step.
  let statistics: [BatchStatistic]

  init(_ output: WorldOutput) {
    let readings = output.readings
    outline = Outline(
      names: readings.names, groups: readings.groups, weights: readings.weights,
      seconds: output.objectiveSeconds)
    values = readings.values
    statistics = output.statistics
  }
  init(_ outline: Outline, _ values: Tensor, _ statistics: [BatchStatistic]) {
    (self.outline, self.values, self.statistics) = (outline, values, statistics)
  }

  var names: [String] { outline.names }
  var seconds: [String: Double] { outline.seconds }
  /// See `LossReadings.loss(of:)`.
  func loss(of numbers: some Collection<Float>) -> Float {
    LossReadings(names: names, values: values, groups: outline.groups, weights: outline.weights).loss(
      of: numbers)
  }
}

/// The reports of all ranks' micro-batches, the same on each rank.
struct SharedReports {
  /// In the order of the step's micro-batches.
  let reports: [MicroBatchReport]
  /// For each parameter, whether any micro-batch gave it a gradient.
  let presence: [Bool]

  private struct Message: Codable {
    var outlines: [MicroBatchReport.Outline]
    var presence: [Bool]
  }

  /// - Parameters:
  ///   - own: of this rank, as many on each.
  ///   - presence: for each parameter, whether one of this rank's micro-batches gave it a gradient.
  /// - Throws: `CommunicationError`.
  init(
    _ own: [MicroBatchReport], presence: [Bool], _ communicator: any Communicator, _ backend: any Backend
  ) throws {
    let message = Message(outlines: own.map(\.outline), presence: presence)
    let messages = try communicator.gather(bytes: Array(JSONEncoder().encode(message))).map {
      try JSONDecoder().decode(Message.self, from: Data($0))
    }
    let outlines = messages.flatMap(\.outlines)
    guard outlines.count == own.count * communicator.size else {
      throw CommunicationError(
        "a step's micro-batches: expected \(own.count) on each of \(communicator.size) ranks, found "
          + "\(messages.map(\.outlines.count)); start every rank with the same settings")
    }
    self.presence = presence.indices.map { index in messages.contains { $0.presence[index] } }
    // Micro-batches may report different terms; rows of one length travel.
    let longest = outlines.map(\.names.count).max() ?? 0
    let rows = own.map { report in
      report.names.count == longest
        ? report.values : concatenate([report.values, .zeros([longest - report.names.count])])
    }
    let all = backend.empty([communicator.size, own.count * longest])
    try communicator.gather(concatenate(rows), into: all)
    let flat = reshape(all, [outlines.count * longest])
    let statistics = try Self.statistics(own.map(\.statistics), communicator, backend)
    reports = outlines.enumerated().map { index, outline in
      MicroBatchReport(
        outline, slice(flat, index * longest..<index * longest + outline.names.count), statistics[index])
    }
  }

  /// The statistics of all ranks' micro-batches, in the order of the step's micro-batches.
  /// - Parameter own: of each of this rank's, of the same buffers on every rank.
  private static func statistics(
    _ own: [[BatchStatistic]], _ communicator: any Communicator, _ backend: any Backend
  ) throws -> [[BatchStatistic]] {
    let width = own[0].reduce(0) { $0 + $1.value.count }
    guard width > 0 else { return Array(repeating: [], count: own.count * communicator.size) }
    let all = backend.empty([communicator.size, own.count * width])
    let rows = own.flatMap { $0.map { reshape($0.value, [$0.value.count]) } }
    try communicator.gather(concatenate(rows), into: all)
    let flat = reshape(all, [all.count])
    return (0..<own.count * communicator.size).map { batch in
      var start = batch * width
      return own[0].map { statistic in
        defer { start += statistic.value.count }
        let value = slice(flat, start..<start + statistic.value.count)
        return BatchStatistic(
          statistic.buffer, follows: reshape(value, statistic.value.shape), decay: statistic.decay)
      }
    }
  }
}
