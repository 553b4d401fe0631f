import CoreTensor
import Imaging

/// What radiographs are compared by: a vector for each of their pixels, and one for any place.
struct Representation {
  /// Of the radiograph at a position of the list.
  let features: (Int) -> DenseFeatures
  let vector: (Int, Place) -> [Float]

  /// Tokens of an encoder.
  init(_ encoded: EncodedTokens, centering: Double, side: Int) {
    let tokens = encoded.centered(centering)
    features = { DenseFeatures(tokens: tokens[$0], grid: encoded.grid, width: encoded.width, side: side) }
    vector = {
      DenseFeatures.vector(at: $1, tokens: tokens[$0], grid: encoded.grid, width: encoded.width)
    }
  }

  /// Windows of grey values.
  init(windowsOf radiographs: [MarkedRadiograph]) {
    let all = Compute.map(radiographs.count) { PixelWindows.features(radiographs[$0]) }
    features = { all[$0] }
    vector = { PixelWindows.vector(at: $1, of: all[$0]) }
  }
}

/// Looks for every landmark of every radiograph in every other one.
struct Matching {
  let radiographs: [MarkedRadiograph]
  /// A landmark of a reference.
  struct Query: Sendable {
    let landmark: String
    let reference: Int
    let place: Place
  }

  let queries: [Query]

  init(_ radiographs: [MarkedRadiograph]) {
    self.radiographs = radiographs
    queries = radiographs.enumerated().flatMap { reference, radiograph in
      radiograph.landmarks.sorted { $0.key < $1.key }.map {
        Query(landmark: $0.key, reference: reference, place: $0.value)
      }
    }
  }

  /// Errors where each landmark is taken to be where the distance is least, for each penalty.
  /// - Parameters:
  ///   - side: pixels along a side of a map.
  ///   - penalties: of the distance in place.
  ///   - distances: of a radiograph, `(queries, pixels)`; asked for once for each, so that no more than one need be kept.
  func errors(side: Int, penalties: [Double], _ distances: (_ test: Int) -> [Float]) -> [PairErrors] {
    let pixels = side * side
    var pairs: [[PairErrors.Pair]] = penalties.map { _ in [] }
    for (test, radiograph) in radiographs.enumerated() {
      let distances = distances(test)
      let found = Compute.map(queries.count) { index -> [PairErrors.Pair]? in
        let query = queries[index]
        guard query.reference != test, let truth = radiograph.landmarks[query.landmark] else { return nil }
        let map = distances[index * pixels..<(index + 1) * pixels]
        return penalties.map { penalty in
          let pixel = Self.nearest(map, side: side, from: query.place, penalty: penalty, radiograph)
          return PairErrors.Pair(
            landmark: query.landmark, reference: query.reference, test: test,
            error: radiograph.distance(Place(pixel: pixel, side: side), truth))
        }
      }
      for found in found.compactMap({ $0 }) {
        for (penalty, pair) in found.enumerated() { pairs[penalty].append(pair) }
      }
    }
    return pairs.map { PairErrors(count: radiographs.count, $0) }
  }

  /// Errors of a guess that looks at no radiograph.
  func errors(guessing guess: (Query, Int) -> Place?) -> PairErrors {
    var pairs: [PairErrors.Pair] = []
    for (test, radiograph) in radiographs.enumerated() {
      for query in queries where query.reference != test {
        guard let truth = radiograph.landmarks[query.landmark], let place = guess(query, test) else {
          continue
        }
        pairs.append(
          PairErrors.Pair(
            landmark: query.landmark, reference: query.reference, test: test,
            error: radiograph.distance(place, truth)))
      }
    }
    return PairErrors(count: radiographs.count, pairs)
  }

  /// The mean place of a landmark over all radiographs but one.
  func meanPlace(_ landmark: String, without test: Int) -> Place? {
    let places = queries.filter { $0.landmark == landmark && $0.reference != test }.map(\.place)
    guard !places.isEmpty else { return nil }
    return Place(
      row: places.reduce(0) { $0 + $1.row } / Double(places.count),
      column: places.reduce(0) { $0 + $1.column } / Double(places.count))
  }

  /// `(vectors, pixels)`, row-major: squared Euclidean distances.
  static func squaredDistances(_ vectors: [[Float]], _ features: DenseFeatures) -> [Float] {
    let (width, pixels) = (features.width, features.side * features.side)
    let product = withoutGradients {
      matmul(
        Tensor(vectors.flatMap { $0 }, shape: [vectors.count, width]),
        Tensor(features.values, shape: [pixels, width]), transposingB: true)
    }
    var distances = product.values
    let lengths = features.values.withUnsafeBufferPointer { values in
      (0..<pixels).map { pixel in squaredLength(values.baseAddress! + pixel * width, width) }
    }
    distances.withUnsafeMutableBufferPointer { distances in
      for (index, vector) in vectors.enumerated() {
        let own = vector.withUnsafeBufferPointer { squaredLength($0.baseAddress!, width) }
        let row = distances.baseAddress! + index * pixels
        for pixel in 0..<pixels { row[pixel] = max(own + lengths[pixel] - 2 * row[pixel], 0) }
      }
    }
    return distances
  }

  private static func squaredLength(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
    var sum: Float = 0
    for index in 0..<count { sum += values[index] * values[index] }
    return sum
  }

  /// The same, the mean of each map 1.
  static func scaled(_ distances: [Float], maps: Int) -> [Float] {
    let pixels = distances.count / maps
    var distances = distances
    distances.withUnsafeMutableBufferPointer { distances in
      for map in 0..<maps {
        let row = distances.baseAddress! + map * pixels
        var sum: Float = 0
        for pixel in 0..<pixels { sum += row[pixel] }
        let scale = Float(pixels) / max(sum, .leastNormalMagnitude)
        for pixel in 0..<pixels { row[pixel] *= scale }
      }
    }
    return distances
  }

  /// The pixel with the least score, the first of equal ones.
  private static func nearest(
    _ distances: ArraySlice<Float>, side: Int, from place: Place, penalty: Double,
    _ radiograph: MarkedRadiograph
  ) -> Int {
    let scores =
      penalty > 0
      ? penalized(distances, side: side, from: place, penalty: penalty, radiograph)[...] : distances
    return scores.withUnsafeBufferPointer { scores in
      var best = 0
      for pixel in 0..<scores.count where scores[pixel] < scores[best] { best = pixel }
      return best
    }
  }

  /// Distances with the penalty on the distance from the reference's place.
  static func penalized(
    _ distances: ArraySlice<Float>, side: Int, from place: Place, penalty: Double,
    _ radiograph: MarkedRadiograph
  ) -> [Float] {
    var scores = Array(distances)
    guard penalty > 0 else { return scores }
    let aspect = Double(radiograph.image.height) / Double(radiograph.image.width)
    func squares(_ center: Double, _ scale: Double) -> [Float] {
      (0..<side).map { pixel in
        let away = ((Double(pixel) + 0.5) / Double(side) - center) * scale
        return Float(penalty * away * away)
      }
    }
    let (down, across) = (squares(place.row, aspect), squares(place.column, 1))
    for row in 0..<side {
      for column in 0..<side { scores[row * side + column] += down[row] + across[column] }
    }
    return scores
  }
}

/// Distances of landmarks' features from every pixel's of a radiograph: the mean over ways to represent them, each scaled so
/// that the mean of a map is 1.
struct DistanceMaps {
  let matching: Matching
  let parts: [Representation]

  /// `(queries, pixels)` of one radiograph.
  func callAsFunction(_ test: Int) -> [Float] { maps(of: Array(matching.queries.indices), test) }

  /// Of some queries.
  func maps(of queries: [Int], _ test: Int) -> [Float] {
    let all = parts.map { part in
      let vectors = queries.map { part.vector(matching.queries[$0].reference, matching.queries[$0].place) }
      return Matching.scaled(Matching.squaredDistances(vectors, part.features(test)), maps: vectors.count)
    }
    return Self.mean(all, weights: all.map { _ in 1 })
  }

  /// - Parameter weights: of each, whole numbers.
  static func mean(_ maps: [[Float]], weights: [Int]) -> [Float] {
    guard maps.count > 1 else { return maps[0] }
    let total = Float(weights.reduce(0, +))
    var sum = maps[0].map { $0 * Float(weights[0]) / total }
    for (map, weight) in zip(maps, weights).dropFirst() {
      let share = Float(weight) / total
      for index in sum.indices { sum[index] += share * map[index] }
    }
    return sum
  }
}
