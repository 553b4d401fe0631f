import CoreTensor

/// What becomes of the errors that are usual at a place.
enum Centering: String, CaseIterable {
  /// Their mean is subtracted, and what is left is divided by their deviation.
  case standardized
  /// Their mean is subtracted.
  case place
  case none
}

/// What is usual: of radiographs to learn from.
struct SurpriseReference {
  /// Radiographs.
  let count: Int
  /// Whether these are known to have no findings.
  let isNormal: Bool
  /// By subject, the mean of the maps at each place; nothing without radiographs.
  let means: [MapSubject: [Float]]
  /// Their standard deviation at each place, likewise.
  let deviations: [MapSubject: [Float]]
  /// By whether the model is trained; empty where no radiograph is known to be without findings.
  let banks: [Bool: NormalBank]
  /// Kinds of errors that the model has itself, the first of which sums the result up.
  let kinds: [ErrorKind]

  /// A map less what is usual at each place, where that is asked for; distances from the bank are left as they are.
  func beyondUsual(_ map: [Float], _ subject: MapSubject, _ centering: Centering) -> [Float] {
    guard centering != .none, subject.kind != .nearest, let means = means[subject],
      let deviations = deviations[subject]
    else { return map }
    let least = 1e-3 * (deviations.max() ?? 0) + .leastNormalMagnitude
    return map.indices.map { place in
      let beyond = map[place] - means[place]
      return centering == .place ? beyond : beyond / max(deviations[place], least)
    }
  }

  /// The subjects of tables, in order; each map of the result has one of them.
  var subjects: [MapSubject] {
    let own = (kinds + (banks.isEmpty ? [] : [.nearest])).flatMap {
      [MapSubject(kind: $0, isTrained: true), MapSubject(kind: $0, isTrained: false)]
    }
    return own + (means.isEmpty ? [] : [.place])
  }
}

/// Gathers maps and features of the reference's radiographs.
struct ReferenceBuilder {
  private let isNormal: Bool
  private var count = 0
  private var maps: [MapSubject: [[Float]]] = [:]
  private var features: [Bool: (values: [Float], width: Int)] = [:]

  init(isNormal: Bool) { self.isNormal = isNormal }

  mutating func add(
    _ maps: [MapSubject: [[Float]]], features: [(isTrained: Bool, features: Tensor)]
  ) {
    count += maps.values.first?.count ?? 0
    self.maps.merge(maps) { $0 + $1 }
    for (isTrained, own) in features {
      self.features[isTrained, default: ([], own.shape[2])].values += own.values
    }
  }

  /// - Parameters:
  ///   - patches: of a radiograph.
  ///   - kinds: that the model has itself.
  func reference(patches: Int, kinds: [ErrorKind]) -> SurpriseReference {
    // A radiograph of the bank is compared with the others, so that one alone is no bank.
    let banks =
      count > 1 ? features.mapValues { NormalBank($0.values, width: $0.width, patches: patches) } : [:]
    var maps = maps
    for (isTrained, bank) in banks {
      let (values, width) = features[isTrained]!
      let size = patches * width
      maps[MapSubject(kind: .nearest, isTrained: isTrained)] = (0..<count).map {
        bank.distances(Array(values[$0 * size..<($0 + 1) * size]), excluding: $0)
      }
    }
    return SurpriseReference(
      count: count, isNormal: isNormal, means: maps.mapValues(Self.mean),
      deviations: maps.mapValues(Self.deviation), banks: banks, kinds: kinds)
  }

  private static func mean(_ maps: [[Float]]) -> [Float] {
    maps[0].indices.map { place in
      Float(maps.reduce(0.0) { $0 + Double($1[place]) } / Double(maps.count))
    }
  }

  private static func deviation(_ maps: [[Float]]) -> [Float] {
    let mean = mean(maps)
    return mean.indices.map { place in
      let squares = maps.reduce(0.0) {
        let difference = Double($1[place]) - Double(mean[place])
        return $0 + difference * difference
      }
      return Float((squares / Double(maps.count)).squareRoot())
    }
  }
}
