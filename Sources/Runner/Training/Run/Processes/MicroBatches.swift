import Console
import CoreTensor
import WorldModel

/// How a step's radiographs are divided into micro-batches, so that every process has as many of them.
enum MicroBatches {
  static let batchSize = SettingKey("training", "batch_size")
  static let accumulation = SettingKey("training", "accumulation")

  /// What batch size and accumulation become where processes share a step: the same radiographs in smaller
  /// micro-batches, where these are too few. The run's folder records them, so that any number of processes goes on to
  /// the same bits.
  /// - Returns: nothing where each process has its part already.
  /// - Throws: `SettingsError` where the step cannot be divided.
  static func divided(_ settings: Settings, among launch: LaunchEnvironment?) throws -> [SettingAssignment] {
    let communicator = settings[CommunicatorChoice.key].value
    guard let launch, communicator != .text(CommunicatorChoice.nothing),
      case .integer(let size) = settings[batchSize].value,
      case .integer(let count) = settings[accumulation].value, count % launch.size != 0
    else { return [] }
    // The smallest number of micro-batches that both divide.
    let wanted = count / divisor(count, launch.size) * launch.size
    guard size * count % wanted == 0 else {
      throw SettingsError(
        place: settings[batchSize].origin.place, subject: "batch_size × accumulation",
        problem:
          "one step takes \(size) × \(count) = \(size * count) radiographs, which \(launch.size) processes cannot share in "
          + "\(wanted) equal parts",
        remedy:
          "give --batch N and --accumulate A whose product \(launch.size) divides, or start another number of processes"
      )
    }
    return [
      SettingAssignment(batchSize, .value(.integer(size * count / wanted)), from: .processes(launch.size)),
      SettingAssignment(accumulation, .value(.integer(wanted)), from: .processes(launch.size)),
    ]
  }

  /// - Throws: `SettingsError` where a run that goes on cannot be shared by so many processes to the same bits.
  static func check(_ training: RunConfiguration.Training, among size: Int) throws {
    guard training.accumulation % size != 0 else { return }
    let divisors = (1...training.accumulation).filter { training.accumulation % $0 == 0 }
    throw SettingsError(
      place: "[training]", subject: "accumulation",
      problem:
        "the run's step is of \(training.accumulation) micro-batches, which \(size) processes cannot share",
      remedy: "go on with " + divisors.map(String.init).joined(separator: ", ") + " processes")
  }

  private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
}
