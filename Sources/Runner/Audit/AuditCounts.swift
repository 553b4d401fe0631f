import Imaging
import WorldModel

/// Tables of an audit: what headers and labels say.
extension AuditFindings {
  /// Of the radiographs to train on that were decoded.
  func headers() -> AuditReport.Headers? {
    let decoded = own.filter { $0.size != nil }
    guard !decoded.isEmpty else { return nil }
    func size(_ radiograph: AuditRadiograph) -> (width: Int, height: Int) {
      radiograph.header.map { ($0.width, $0.height) } ?? radiograph.size!
    }
    return AuditReport.Headers(
      width: Self.range(decoded.map { size($0).width }), height: Self.range(decoded.map { size($0).height }),
      shorterSides: Self.histogram(decoded.map { min(size($0).width, size($0).height) }),
      bitDepths: Self.counts(decoded.compactMap { $0.header.map { "\($0.bitDepth) bits" } }),
      channels: Self.counts(decoded.compactMap { $0.header.map { Self.channels($0.channels) } }),
      photometric: Self.counts(decoded.map { $0.tag(ImageHeader.Tag.photometric) }),
      manufacturers: Self.counts(decoded.map { $0.tag(ImageHeader.Tag.manufacturer) }),
      views: Self.counts(decoded.map(\.view)))
  }

  private static func channels(_ count: Int) -> String { count == 1 ? "grey" : "\(count) channels" }

  private static func range(_ values: [Int]) -> AuditReport.Range {
    let sorted = values.sorted()
    return .init(least: sorted[0], median: sorted[sorted.count / 2], most: sorted[sorted.count - 1])
  }

  /// The most frequent first; nothing is counted that nobody tells.
  private static func counts(_ texts: [String]) -> [AuditReport.Count] {
    var table: [String: Int] = [:]
    for text in texts where !text.isEmpty { table[text, default: 0] += 1 }
    return table.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
      .init(name: $0.key, radiographs: $0.value)
    }
  }

  private static let bounds = [0, 128, 256, 512, 1024, 1536, 2048, 3072, 4096]

  /// Without empty bars at both ends.
  private static func histogram(_ values: [Int]) -> [AuditReport.Count] {
    let bars = bounds.indices.map { place -> AuditReport.Count in
      let next = place + 1 < bounds.count ? bounds[place + 1] : Int.max
      let name = next == Int.max ? "\(bounds[place]) or more" : "\(bounds[place])–\(next - 1)"
      return .init(name: name, radiographs: values.count { $0 >= bounds[place] && $0 < next })
    }
    let first = bars.firstIndex { $0.radiographs > 0 } ?? 0
    let last = bars.lastIndex { $0.radiographs > 0 } ?? 0
    return Array(bars[first...last])
  }

  /// One row for each split; without splits, one for all radiographs.
  func splits() -> [AuditReport.Split] {
    let names = collections[0].source.findingNames
    return Set(own.map(\.split)).sorted().map { split in
      let radiographs = own.filter { $0.split == split }
      let findings = names.map { name in
        AuditReport.Finding(
          name: name, present: radiographs.count { $0.record.findings.contains(name) },
          unknown: radiographs.count { $0.record.unknown.contains(name) })
      }
      return .init(
        name: split, trains: split.isEmpty ? !own.contains { !$0.split.isEmpty } : isTraining(split),
        radiographs: radiographs.count, decoded: radiographs.count { $0.look != nil },
        patients: Set(radiographs.compactMap(\.record.patient)).count,
        withoutLabels: radiographs.count { $0.record.findings.isEmpty && $0.record.unknown.isEmpty },
        findings: findings)
    }
  }
}
