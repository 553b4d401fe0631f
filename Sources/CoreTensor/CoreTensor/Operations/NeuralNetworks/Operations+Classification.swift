/// Mean over rows whose class is known of -log softmax(logits) at the class.
/// - Parameters:
///   - logits: `(rows, classes)`.
///   - classes: of each row, from 0; nil for one that does not count.
/// - Returns: one value; 0, without gradient, where no class is known.
public func softmaxCrossEntropy(_ logits: Tensor, classes: [Int?]) -> Tensor {
  require(
    logits.shape.count == 2 && classes.count == logits.rows
      && classes.allSatisfy { $0.map { 0..<logits.columns ~= $0 } ?? true },
    "softmaxCrossEntropy: \(classes.count) classes for logits \(logits.shape), or a class outside them")
  let backend = Compute.backend("softmaxCrossEntropy", logits)
  return meanLoss("softmaxCrossEntropy", logits, known: classes.count { $0 != nil }, backend) {
    backend.softmaxCrossEntropy(logits, classes: classes, into: $0, gradient: $1)
  }
}

/// Mean over known targets of the binary cross-entropy of logits.
/// - Parameters:
///   - logits: of any shape.
///   - targets: one for each logit, row-major; nil for one that does not count.
/// - Returns: one value; 0, without gradient, where no target is known.
public func binaryCrossEntropy(_ logits: Tensor, targets: [Bool?]) -> Tensor {
  require(
    targets.count == logits.count, "binaryCrossEntropy: \(targets.count) targets for logits \(logits.shape)")
  let backend = Compute.backend("binaryCrossEntropy", logits)
  return meanLoss("binaryCrossEntropy", logits, known: targets.count { $0 != nil }, backend) {
    backend.binaryCrossEntropy(logits, targets: targets, into: $0, gradient: $1)
  }
}

/// - Parameter write: writes the mean over `known` numbers, and the gradient of their sum.
private func meanLoss(
  _ name: String, _ logits: Tensor, known: Int, _ backend: any Backend,
  write: (_ mean: Tensor, _ gradient: Tensor) -> Void
) -> Tensor {
  let (mean, gradients) = (backend.empty([1]), backend.empty(logits.shape))
  write(mean, gradients)
  let share = Float(1 / Double(max(known, 1)))
  return differentiable(name, [logits], mean) { outputGradient in
    let inputGradient = backend.empty(logits.shape)
    backend.scale(gradients, by: share, times: outputGradient, into: inputGradient)
    logits.node?.receive(inputGradient)
  }
}
