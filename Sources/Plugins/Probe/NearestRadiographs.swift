import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

/// The radiographs of other patients that are nearest to one by frozen features, as the vote of the nearest neighbours
/// counts them, with what is known of them.
struct NearestRadiographs: RadiographExplanation {
  private static let shown = 6
  private static let batch = 16
  private static let longestSide = 256

  func callAsFunction(_ input: ModelEvaluationInput) throws -> PictureSheet {
    let own = input.test[0]
    let side = input.model.shape.encoder.imageSize
    var bank: [(index: Int, feature: [Float])] = []
    let query = try features(input, [try input.radiographs.radiograph(at: own)], side)[0]
    for start in stride(from: 0, to: input.train.count, by: Self.batch) {
      var usable: [(index: Int, image: GrayImage)] = []
      for index in input.train[start..<min(start + Self.batch, input.train.count)] {
        do { usable.append((index, try input.radiographs.radiograph(at: index))) } catch let error
          as UnusableRadiograph
        {
          try input.workspace.warn("left out: \(error)")
        }
      }
      guard !usable.isEmpty else { continue }
      bank += zip(usable, try features(input, usable.map(\.image), side)).map { ($0.index, $1) }
    }
    let near = bank.map { (index: $0.index, similarity: Self.cosine(query, $0.feature)) }
      .sorted { ($1.similarity, $0.index) < ($0.similarity, $1.index) }.prefix(Self.shown)
    return try sheet(input, own, near, of: bank.count)
  }

  private func sheet(
    _ input: ModelEvaluationInput, _ own: Int, _ near: ArraySlice<(index: Int, similarity: Float)>,
    of count: Int
  ) throws -> PictureSheet {
    func picture(_ index: Int, _ captions: [String], isFramed: Bool = false) throws -> PictureSheet.Picture {
      let radiograph = try input.radiographs.radiograph(at: index)
      return .init(
        radiograph.reduced(toLongerSide: Self.longestSide), captions: captions, isFramed: isFramed)
    }
    func labels(_ index: Int) -> String {
      let findings = input.radiographs.records[index].findings.sorted().joined(separator: ", ")
      return findings.isEmpty ? "no label" : findings
    }
    return PictureSheet(
      title: "The nearest radiographs of other patients",
      notes: [
        "By the mean of the encoder's features, among \(count) radiographs: similarity is the cosine, 1 for equal features. "
          + "Labels are those of the radiographs' owners; that a radiograph is near does not say that it shares them."
      ],
      rows: [
        PictureSheet.Row(
          label: input.radiographs.records[own].identifier,
          groups: [
            [try picture(own, ["this radiograph", labels(own)], isFramed: true)],
            try near.map { index, similarity in
              let rounded = (Double(similarity) * 1000).rounded() / 1000
              return try picture(
                index, ["similarity \(rounded)", labels(index), input.radiographs.records[index].identifier])
            },
          ])
      ], pictureSide: 160)
  }

  /// The mean over tokens, of each image.
  private func features(_ input: ModelEvaluationInput, _ images: [GrayImage], _ side: Int) throws -> [[Float]]
  {
    let tokens = withoutGradients {
      input.model.transferredEncoder(
        InputNormalization.tensor(images.map { $0.resized(to: (side, side)) }))
    }
    let (values, count, width) = (tokens.values, tokens.shape[1], tokens.shape[2])
    return images.indices.map { image in
      (0..<width).map { channel in
        (0..<count).reduce(Float(0)) { $0 + values[(image * count + $1) * width + channel] } / Float(count)
      }
    }
  }

  static func cosine(_ a: [Float], _ b: [Float]) -> Float {
    var (product, one, other): (Float, Float, Float) = (0, 0, 0)
    for (a, b) in zip(a, b) {
      product += a * b
      one += a * a
      other += b * b
    }
    return product / max((one * other).squareRoot(), .leastNormalMagnitude)
  }
}
