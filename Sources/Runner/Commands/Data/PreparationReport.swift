import Console
import Foundation
import Radiographs
import WorldModel

/// What `data prepare` says at its end: about the store as it lies on the disk, but for the speed.
struct PreparationReport: Codable, Sendable {
  struct Reason: Codable, Sendable {
    let reason: String
    let radiographs: Int
    let example: String
  }

  let store: String
  let source: String
  /// Radiographs of the source, radiographs in the store, radiographs left out.
  let read: Int
  let kept: Int
  let dropped: Int
  let reasons: [Reason]
  /// Radiographs that were cut, and the share of their area that went, in the mean; radiographs whose border was too
  /// large.
  let cropped: Int
  let meanCut: Double
  let cropsRefused: Int
  /// Radiographs stored smaller than they came.
  let resized: Int
  /// As `width × height`, by area.
  let smallest: String
  let median: String
  let largest: String
  let eightBit: Int
  let sixteenBit: Int
  /// Of pixels.
  let bytes: Int
  /// Radiographs that this call made ready, and how long it took.
  let imagesNow: Int
  let seconds: Double
  let imagesPerSecond: Double
  let sheets: [String]

  init(
    store: String, source: String, index: StoreIndex, sheets: [String], imagesNow: Int, seconds: Double
  ) {
    (self.store, self.source, self.sheets) = (store, source, sheets)
    (kept, dropped) = (index.radiographs.count, index.dropped.count)
    read = kept + dropped
    reasons = Self.reasons(index.dropped)
    let cut = index.radiographs.filter { $0.cutShare > 0 }
    cropped = cut.count
    meanCut = cut.isEmpty ? 0 : cut.map(\.cutShare).reduce(0, +) / Double(cut.count)
    cropsRefused = index.radiographs.count { $0.cropWasRefused }
    resized = index.radiographs.count { $0.width < $0.crop.width || $0.height < $0.crop.height }
    let sizes = index.sizes
    func words(_ radiograph: StoredRadiograph?) -> String {
      radiograph.map { "\($0.width) × \($0.height)" } ?? "none"
    }
    smallest = words(sizes?.smallest)
    median = words(sizes?.median)
    largest = words(sizes?.largest)
    eightBit = index.radiographs.count { $0.bits == 8 }
    sixteenBit = kept - eightBit
    bytes = index.byteCount
    (self.imagesNow, self.seconds) = (imagesNow, seconds)
    imagesPerSecond = seconds > 0 ? Double(imagesNow) / seconds : 0
  }

  /// Counts reasons by what they say before they go into the details of one radiograph; the commonest first.
  static func reasons(_ dropped: [UnusableRadiograph]) -> [Reason] {
    func kind(_ reason: String) -> String {
      let end = [reason.range(of: ": "), reason.range(of: " (")].compactMap { $0?.lowerBound }.min()
      return String(reason[..<(end ?? reason.endIndex)])
    }
    return Dictionary(grouping: dropped) { kind($0.reason) }
      .map { Reason(reason: $0.key, radiographs: $0.value.count, example: $0.value[0].identifier) }
      .sorted { ($1.radiographs, $0.reason) < ($0.radiographs, $1.reason) }
  }

  func text(for terminal: Terminal) -> String {
    func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }
    var table = TextTable(columns: [.init("what"), .init("figure")])
    table.add(["source", source])
    table.add(["images", "\(read) read, \(kept) kept, \(dropped) dropped"])
    table.add([
      "borders",
      "\(cropped) radiographs cut" + (cropped > 0 ? ", \(percent(meanCut)) of their area in the mean" : "")
        + (cropsRefused > 0 ? "; \(cropsRefused) with borders too large to be ones were left whole" : ""),
    ])
    table.add(["sizes", "\(smallest) to \(largest), median \(median); \(resized) made smaller"])
    table.add(["depth", "\(eightBit) of 8 bits, \(sixteenBit) of 16"])
    table.add(["pixels", String(format: "%.1f MiB", Double(bytes) / 1_048_576)])
    if imagesNow > 0 {
      table.add([
        "speed",
        "\(imagesNow) radiographs in \(ProgressReporter.duration(seconds)), "
          + String(format: "%.1f images/s", imagesPerSecond),
      ])
    }
    for sheet in sheets { table.add(["contact sheet", sheet]) }
    var text = table.text(for: terminal)
    if !reasons.isEmpty {
      var dropped = TextTable(columns: [.init("dropped because"), .init("images", .right), .init("such as")])
      for reason in reasons { dropped.add([reason.reason, "\(reason.radiographs)", reason.example]) }
      text += "\n" + dropped.text(for: terminal) + "All of them: \(store)/dropped.csv\n"
    }
    return text + "\nTrain on it: chex-runner --data \(store) --out runs/NAME\n"
  }
}
