import CoreTensor
import Foundation

extension ReferenceBackend {
  public func softmaxCrossEntropy(
    _ logits: Tensor, classes: [Int?], into mean: Tensor, gradient: Tensor
  ) {
    let columns = sides(logits).columns
    var sum = 0.0
    for (row, known) in classes.enumerated() {
      let powers = (0..<columns).map { exp(Double(logits.pointer[row * columns + $0])) }
      let chances = powers.map { $0 / powers.reduce(0, +) }
      for column in 0..<columns {
        let difference = known.map { chances[column] - (column == $0 ? 1 : 0) }
        gradient.pointer[row * columns + column] = Float(difference ?? 0)
      }
      if let known { sum -= log(chances[known]) }
    }
    mean.pointer[0] = Float(sum / Double(max(classes.count { $0 != nil }, 1)))
  }

  public func binaryCrossEntropy(
    _ logits: Tensor, targets: [Bool?], into mean: Tensor, gradient: Tensor
  ) {
    var sum = 0.0
    for (place, target) in targets.enumerated() {
      let chance = 1 / (1 + exp(-Double(logits.pointer[place])))
      gradient.pointer[place] = target.map { Float(chance - ($0 ? 1 : 0)) } ?? 0
      if let target { sum -= log(target ? chance : 1 - chance) }
    }
    mean.pointer[0] = Float(sum / Double(max(targets.count { $0 != nil }, 1)))
  }
}
