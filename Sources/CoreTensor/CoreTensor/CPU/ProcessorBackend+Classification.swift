import Foundation

// A batch has a few hundred logits, so plain loops in double serve every processor.
extension ProcessorBackend {
  public func softmaxCrossEntropy(
    _ logits: Tensor, classes: [Int?], into mean: Tensor, gradient slopes: Tensor
  ) {
    let columns = logits.columns
    var sum = 0.0
    for (row, known) in classes.enumerated() {
      let (x, slope) = (logits.pointer + row * columns, slopes.pointer + row * columns)
      guard let known else {
        slope.update(repeating: 0, count: columns)
        continue
      }
      let largest = (0..<columns).reduce(-Float.infinity) { max($0, x[$1]) }
      let total = (0..<columns).reduce(0.0) { $0 + exp(Double(x[$1] - largest)) }
      for column in 0..<columns {
        slope[column] = Float(exp(Double(x[column] - largest)) / total - (column == known ? 1 : 0))
      }
      sum += log(total) - Double(x[known] - largest)
    }
    mean.pointer[0] = Float(sum * (1 / Double(max(classes.count { $0 != nil }, 1))))
  }

  public func binaryCrossEntropy(
    _ logits: Tensor, targets: [Bool?], into mean: Tensor, gradient slopes: Tensor
  ) {
    var sum = 0.0
    for (place, target) in targets.enumerated() {
      guard let target else {
        slopes.pointer[place] = 0
        continue
      }
      // Of the chance that the target is true, or false: a large logit of the right sign costs nothing.
      let logit = Double(logits.pointer[place]) * (target ? 1 : -1)
      sum += max(-logit, 0) + log1p(exp(-abs(logit)))
      slopes.pointer[place] = Float((target ? -1 : 1) / (1 + exp(logit)))
    }
    mean.pointer[0] = Float(sum * (1 / Double(max(targets.count { $0 != nil }, 1))))
  }
}
