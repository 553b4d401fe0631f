import CoreTensor
import Imaging
import Metrics

/// Colours of every patch of several radiographs.
///
/// A component's sign is such that its scores over the foreground rise with the row, from top to bottom; where these
/// correlate by less than 0.1, with the column, from left to right; and where both do, such that the entry of largest
/// magnitude of its direction is positive (`PrincipalComponents`). So it does not hang on the order in which anything
/// is computed.
struct PatchColors {
  static let together = "explained by red, green and blue"
  private static let channels = ["red", "green", "blue"]
  private static let leastCorrelation = 0.1
  /// Percentiles of the foreground's scores that become dark and full.
  private static let ends = (0.02, 0.98)
  /// Grey of the radiograph that stays where it is background.
  private static let backgroundGrey: Float = 0.15

  let isForeground: [Bool]
  /// Of the first component of all patches.
  let firstShare: Double
  /// Of each channel's component, of the foreground's variance.
  let shares: [Double]
  /// Share of the variance of each channel's scores over the foreground that their means at each place explain.
  let placeShares: [Double]
  /// In [0, 1], for each channel a level of each patch.
  let levels: [[Float]]
  private let gridSize: Int

  /// - Throws: `PCAError` where patches do not differ, or too few are foreground.
  init(
    _ features: PatchFeatures, _ radiographs: ShownRadiographs, partsForeground: Bool, _ subject: String
  ) throws {
    try self.init(
      features, greys: radiographs.greys, gridSize: radiographs.geometry.gridSize,
      partsForeground: partsForeground, subject)
  }

  init(
    _ features: PatchFeatures, greys: [Double], gridSize: Int, partsForeground: Bool, _ subject: String
  ) throws {
    let first = PrincipalComponents(features.values, width: features.width, count: 1)
    let scale = features.values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(greys.count)
    guard first.totalVariance > 1e-10 * max(scale, 1e-10), features.width >= Self.channels.count else {
      throw PCAError(
        "the \(subject) encoder: expected features that differ between patches, found a variance of \(first.totalVariance) in "
          + "\(greys.count) patches: the encoder has collapsed, or this layer is empty; try another --layer")
    }
    isForeground =
      partsForeground
      ? Foreground(scores: first.scores(features.values)[0], greys: greys, gridSize: gridSize).isForeground
      : Array(repeating: true, count: greys.count)
    guard isForeground.count(where: { $0 }) > Self.channels.count else {
      throw PCAError(
        "the \(subject) encoder: expected more than \(Self.channels.count) patches of foreground, found "
          + "\(isForeground.count { $0 }) of \(greys.count); give --foreground all")
    }
    firstShare = first.shares[0]
    let components = PrincipalComponents(
      features.rows(isForeground), width: features.width, count: Self.channels.count)
    shares = components.shares
    let mask = isForeground
    let scores = components.scores(features.values).map { Self.signed($0, mask, gridSize) }
    placeShares = scores.map { Self.placeShare($0, mask, patches: gridSize * gridSize) }
    levels = scores.map { Self.levels($0, mask) }
    self.gridSize = gridSize
  }

  /// Numbers of the table, in its rows' order.
  var figures: [(name: String, value: Double)] {
    let share = Double(isForeground.count { $0 }) / Double(isForeground.count)
    return [("explained by the first component, all patches", firstShare), ("foreground patches", share)]
      + zip(Self.channels, shares).map { ("explained by \($0)", $1) }
      + [(Self.together, shares.reduce(0, +))]
      + zip(Self.channels, placeShares).map { ("\($0) by place alone", $1) }
  }

  /// Scores of a component in the sign that the type's comment says.
  static func signed(_ scores: [Double], _ isForeground: [Bool], _ gridSize: Int) -> [Double] {
    let own = scores.indices.filter { isForeground[$0] }
    let patches = gridSize * gridSize
    for place in [{ $0 % patches / gridSize }, { $0 % patches % gridSize }] as [(Int) -> Int] {
      let correlation = correlation(own.map { scores[$0] }, own.map { Double(place($0)) })
      if abs(correlation) >= leastCorrelation { return correlation < 0 ? scores.map { -$0 } : scores }
    }
    return scores
  }

  /// Pearson's; 0 where one does not vary.
  static func correlation(_ x: [Double], _ y: [Double]) -> Double {
    let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for (a, b) in zip(x, y) {
      xx += (a - meanX) * (a - meanX)
      yy += (b - meanY) * (b - meanY)
      xy += (a - meanX) * (b - meanY)
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0
  }

  /// 1 - (variance within places) / (variance); 0 where scores do not vary.
  static func placeShare(_ scores: [Double], _ isForeground: [Bool], patches: Int) -> Double {
    let own = scores.indices.filter { isForeground[$0] }
    var (sums, counts) = ([Double](repeating: 0, count: patches), [Double](repeating: 0, count: patches))
    for index in own {
      sums[index % patches] += scores[index]
      counts[index % patches] += 1
    }
    let mean = sums.reduce(0, +) / Double(own.count)
    var (within, total) = (0.0, 0.0)
    for index in own {
      let place = index % patches
      let (inside, whole) = (scores[index] - sums[place] / counts[place], scores[index] - mean)
      within += inside * inside
      total += whole * whole
    }
    return total > 0 ? 1 - within / total : 0
  }

  private static func levels(_ scores: [Double], _ isForeground: [Bool]) -> [Float] {
    let sorted = scores.indices.filter { isForeground[$0] }.map { scores[$0] }.sorted()
    func end(_ share: Double) -> Double { sorted[Int((share * Double(sorted.count - 1)).rounded())] }
    let (low, high) = (end(ends.0), end(ends.1))
    guard high > low else { return Array(repeating: 0.5, count: scores.count) }
    return scores.map { Float(min(max(($0 - low) / (high - low), 0), 1)) }
  }

  /// The colours of a radiograph's patches, smoothly between them, and the dark radiograph where it is background.
  func picture(_ index: Int, over radiograph: GrayImage) -> ColorImage {
    let patches = gridSize * gridSize
    func enlarged(_ values: [Float]) -> GrayImage {
      GrayImage(width: gridSize, height: gridSize, pixels: values)
        .resized(to: (radiograph.height, radiograph.width))
    }
    let own = index * patches..<(index + 1) * patches
    let cover = enlarged(isForeground[own].map { $0 ? 1 : 0 })
    let channels = levels.map { levels in
      var channel = enlarged(Array(levels[own]))
      for pixel in channel.pixels.indices {
        let share = cover.pixels[pixel]
        channel.pixels[pixel] =
          share * channel.pixels[pixel] + (1 - share) * Self.backgroundGrey * radiograph.pixels[pixel]
      }
      return channel
    }
    return ColorImage(red: channels[0], green: channels[1], blue: channels[2])
  }
}
