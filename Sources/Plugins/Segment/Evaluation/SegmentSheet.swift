import Imaging
import FineTuning
import SegmentationMetrics
import WorldModel

extension SegmentEvaluation {
  /// The worst, the middle and the best images of a trial, with outlines.
  func sheet(
    _ input: ModelEvaluationInput, _ labels: MaskLabels, _ plan: TrialPlan, _ trial: SegmentTrial
  ) throws -> PictureSheet {
    let rows = try trial.scores.images.indices.filter { !trial.scores.images[$0].masks.isEmpty }
      .sorted { (trial.scores.images[$0].dice, $0) < (trial.scores.images[$1].dice, $1) }
      .map { place in
        try row(input, labels, trial.radiographs[place], trial.scores.images[place])
      }
    return PictureSheet(
      title: "Masks of test images, the worst first",
      notes: [
        "\(plan.title): some of the worst, the middle and the best of \(trial.radiographs.count) test images, by mean Dice",
        "brighter: what lies within masks; white lines: their outlines, of \(labels.classes.joined(separator: ", "))",
      ], rows: rows)
  }

  private func row(
    _ input: ModelEvaluationInput, _ labels: MaskLabels, _ radiograph: Int, _ found: SegmentationAnswers.Image
  ) throws -> PictureSheet.Row {
    let image = try input.radiographs.radiograph(at: radiograph)
    let truth = labels.masks(of: radiograph, height: image.height, width: image.width).map(Mask.init)
    let dice = zip(labels.classes, found.classes).map { name, own in
      name + " "
        + (own.overlap.dice(.nnunet).map { String(($0 * 1000).rounded() / 1000) } ?? "nothing, rightly")
    }
    return .init(
      label: input.radiographs.records[radiograph].identifier,
      groups: [
        [.init(image, captions: ["the image"])], [.init(image.showing(truth), captions: ["truth"])],
        [.init(image.showing(found.masks.map(\.mask)), captions: ["predicted"] + dice)],
      ])
  }
}

extension GrayImage {
  /// Masks as they are, what lies outside of all darker, and their outlines in white.
  fileprivate func showing(_ masks: [Mask]) -> GrayImage {
    let own = masks.filter { $0.rows == height && $0.columns == width }
    var image = self
    for place in pixels.indices where !own.contains(where: { $0.pixels[place] }) {
      image.pixels[place] *= 0.4
    }
    for mask in own {
      func isIn(_ row: Int, _ column: Int) -> Bool {
        (0..<height).contains(row) && (0..<width).contains(column) && mask[row, column]
      }
      for row in 0..<height {
        for column in 0..<width where mask[row, column] {
          let around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
          if !around.allSatisfy({ isIn($0.0, $0.1) }) { image[row, column] = 1 }
        }
      }
    }
    return image
  }
}
