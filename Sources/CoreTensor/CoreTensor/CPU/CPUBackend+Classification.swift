import Foundation

// A batch has a few hundred logits, so plain loops in double serve every processor.
extension CPUBackend {
  public func softmaxCrossEntropy(
    _ logits: Tensor, classes: [Int?], into mean: Tensor, gradient: Tensor
  ) {
    let columns = logits.columns
    var sum = 0.0
    for (row, known) in classes.enumerated() {
      let (x, rowGradient) = (logits.pointer + row * columns, gradient.pointer + row * columns)
      guard let known else {
        rowGradient.update(repeating: 0, count: columns)
        continue
      }
      let largest = (0..<columns).reduce(-Float.infinity) { max($0, x[$1]) }
      let total = (0..<columns).reduce(0.0) { $0 + exp(Double(x[$1] - largest)) }
      for column in 0..<columns {
        rowGradient[column] = Float(exp(Double(x[column] - largest)) / total - (column == known ? 1 : 0))
      }
      sum += log(total) - Double(x[known] - largest)
    }
    mean.pointer[0] = Float(sum * (1 / Double(max(classes.count { $0 != nil }, 1))))
  }

  public func binaryCrossEntropy(
    _ logits: Tensor, targets: [Bool?], into mean: Tensor, gradient: Tensor
  ) {
    var sum = 0.0
    for (place, target) in targets.enumerated() {
      guard let target else {
        gradient.pointer[place] = 0
        continue
      }
      // Of the chance that the target is true, or false: a large logit of the right sign costs nothing.
      let logit = Double(logits.pointer[place]) * (target ? 1 : -1)
      sum += max(-logit, 0) + log1p(exp(-abs(logit)))
      gradient.pointer[place] = Float((target ? -1 : 1) / (1 + exp(logit)))
    }
    mean.pointer[0] = Float(sum * (1 / Double(max(targets.count { $0 != nil }, 1))))
  }
}
