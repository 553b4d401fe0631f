import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

/// One feature vector a radiograph, row-major.
package struct FeatureTable: Sendable, Equatable {
  package let width: Int
  /// Radiographs, as indices into the source, in rows' order; unusable ones are left out.
  package let radiographs: [Int]
  package let values: [Float]

  package func row(_ index: Int) -> ArraySlice<Float> { values[index * width..<(index + 1) * width] }

  /// The rows of some radiographs, in their order; those that the table lacks are left out.
  package func rows(of wanted: [Int]) -> FeatureTable {
    let places = Dictionary(radiographs.enumerated().map { ($1, $0) }) { first, _ in first }
    let found = wanted.filter { places[$0] != nil }
    return FeatureTable(width: width, radiographs: found, values: found.flatMap { row(places[$0]!) })
  }
}

/// Features of whole radiographs.
package enum FeatureExtraction {
  package static let batchSize = 32

  /// Each radiograph, resized whole to the input size, through `encoder`; one vector each (spec section 9).
  /// - Parameters:
  ///   - encoder: does not change meanwhile.
  ///   - pooling: how its tokens become a vector; it has a class token where that is asked for.
  ///   - communicator: to the processes that share the work, all of which call this; nil where there are none.
  /// - Throws: `CommunicationError`.
  package static func features(
    _ encoder: any ImageEncoder, _ source: RadiographCache, radiographs: [Int], _ backend: any Backend,
    pooling: Pooling = .mean, sharedBy communicator: (any Communicator)? = nil
  ) throws -> FeatureTable {
    try Compute.$backend.withValue(backend) {
      try PackedWeights.keeping {
        var (kept, values): ([Int], [Float]) = ([], [])
        try forEachBatch(encoder, source, radiographs: radiographs, pooling: pooling, sharedBy: communicator)
        {
          usable, features, _ in
          kept += usable
          values += features
          return true
        }
        return FeatureTable(width: encoder.shape.width, radiographs: kept, values: values)
      }
    }
  }

  private static func part(of radiographs: [Int], from start: Int) -> [Int] {
    Array(radiographs[min(start, radiographs.count)..<min(radiographs.count, start + batchSize)])
  }

  /// Features of radiographs batch by batch, in their order. Where processes share the work, each computes one batch in
  /// turn, and all are given all of them.
  /// - Parameters:
  ///   - pooling: how tokens become one vector a radiograph; nil for one for each patch.
  ///   - communicator: to the other processes, all of which call this; nil where there are none.
  ///   - body: is given radiographs of one batch that can be used, their values row by row, and how many radiographs of
  ///     the list are done; returns whether to go on, on all processes alike.
  package static func forEachBatch(
    _ encoder: any ImageEncoder, _ source: RadiographCache, radiographs: [Int], pooling: Pooling?,
    sharedBy communicator: (any Communicator)?,
    _ body: (_ radiographs: [Int], _ values: [Float], _ done: Int) throws -> Bool
  ) throws {
    let (rank, size) = (communicator?.rank ?? 0, communicator?.size ?? 1)
    for start in stride(from: 0, to: radiographs.count, by: batchSize * size) {
      let own = part(of: radiographs, from: start + rank * batchSize)
      let batch = own.isEmpty ? (radiographs: [], values: []) : values(encoder, source, own, pooling)
      let all = try communicator.map { try shared(batch.radiographs, batch.values, $0) } ?? [batch]
      for (number, part) in all.enumerated() where start + number * batchSize < radiographs.count {
        let done = min(radiographs.count, start + (number + 1) * batchSize)
        guard try body(part.radiographs, part.values, done) else { return }
      }
    }
  }

  private static func values(
    _ encoder: any ImageEncoder, _ source: RadiographCache, _ radiographs: [Int], _ pooling: Pooling?
  ) -> (radiographs: [Int], values: [Float]) {
    let (usable, images) = images(source, radiographs, encoder.shape.imageSize)
    guard let images else { return ([], []) }
    switch pooling {
    case .mean: return (usable, pooled(encoder(images)))
    case .class: return (usable, encoder.pooled(images, by: .class).values)
    case nil: return (usable, encoder(images).values)
    }
  }

  /// What every process computed, in order of ranks.
  private static func shared(
    _ radiographs: [Int], _ values: [Float], _ communicator: any Communicator
  ) throws -> [(radiographs: [Int], values: [Float])] {
    let numbers = radiographs.withUnsafeBytes { Array($0) }
    let all = try communicator.gather(bytes: numbers)
    return try zip(all, communicator.gather(bytes: values.withUnsafeBytes { Array($0) })).map {
      numbers, values in
      (
        numbers.withUnsafeBytes { Array($0.bindMemory(to: Int.self)) },
        values.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      )
    }
  }

  /// Features of a batch of radiographs: those that can be used, and their tokens (B, N, D); nil where none can.
  package static func tokens(
    _ encoder: any ImageEncoder, _ source: RadiographCache, _ radiographs: [Int]
  ) -> (radiographs: [Int], tokens: Tensor?) {
    let (usable, images) = images(source, radiographs, encoder.shape.imageSize)
    return (usable, images.map { encoder($0) })
  }

  /// Those radiographs that can be used, as an encoder takes them; nil where none can.
  private static func images(
    _ source: RadiographCache, _ radiographs: [Int], _ side: Int
  ) -> (radiographs: [Int], images: Tensor?) {
    let usable = zip(radiographs, decoded(source, radiographs, side)).compactMap { radiograph, image in
      image.map { (radiograph, $0) }
    }
    return (usable.map(\.0), usable.isEmpty ? nil : InputNormalization.tensor(usable.map(\.1)))
  }

  package static func decoded(_ source: RadiographCache, _ radiographs: [Int], _ side: Int) -> [GrayImage?] {
    Compute.map(radiographs.count) { index in
      try? source.radiograph(at: radiographs[index]).resized(to: (side, side))
    }
  }

  /// x (B, N, D) → B rows of D, mean over tokens.
  package static func pooled(_ x: Tensor) -> [Float] {
    let (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2])
    var out = [Float](repeating: 0, count: batch * width)
    x.withValues { values in
      for image in 0..<batch {
        for token in 0..<tokens {
          let row = values.baseAddress! + (image * tokens + token) * width
          for feature in 0..<width { out[image * width + feature] += row[feature] }
        }
      }
    }
    return out.map { $0 / Float(tokens) }
  }

  /// The first of the numbers that is NaN or infinite.
  package static func firstNotFinite(_ values: UnsafeBufferPointer<Float>) -> Int? {
    values.firstIndex { !$0.isFinite }
  }
}
