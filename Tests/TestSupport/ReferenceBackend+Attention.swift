import CoreTensor
import Foundation

extension ReferenceBackend {
  public func attention(_ operands: AttentionOperands, into out: Tensor, logSums: Tensor) {
    var result = [Double](repeating: 0, count: out.count)
    eachHead(operands) { image, head in
      let part = HeadParts(operands, image, head)
      let (shares, sums) = part.shares()
      for token in 0..<operands.queryCount {
        logSums.pointer[(image * operands.heads + head) * operands.queryCount + token] = Float(sums[token])
        for column in 0..<operands.width {
          result[outputPlace(operands, image, token, head) + column] =
            (0..<operands.keyCount).reduce(0.0) { $0 + shares[token][$1] * part.value[$1][column] }
        }
      }
    }
    write(result, to: out)
  }

  public func attentionGradient(
    _ operands: AttentionOperands, out: Tensor, logSums: Tensor, outputGradient: Tensor,
    into gradients: AttentionOperands
  ) {
    let outputGradient = outputGradient.values
    var gradientsOfQueries = gradients.queries.values.map(Double.init)
    var gradientsOfKeys = gradients.keysValues.values.map(Double.init)
    // Where all three lie side by side, both are one array.
    let isOne = gradients.queries.bytes == gradients.keysValues.bytes
    eachHead(operands) { image, head in
      let part = HeadParts(operands, image, head)
      let shares = part.shares().shares
      let up = (0..<operands.queryCount).map { token in
        (0..<operands.width).map { Double(outputGradient[outputPlace(operands, image, token, head) + $0]) }
      }
      let scoreGradients = part.scoreGradients(shares, up)
      for column in 0..<operands.width {
        for query in 0..<operands.queryCount {
          let gradient = (0..<operands.keyCount).reduce(0.0) {
            $0 + scoreGradients[query][$1] * part.key[$1][column]
          }
          let place =
            HeadParts.place(gradients, gradients.queries, gradients.query, image, query, head) + column
          if isOne { gradientsOfKeys[place] = gradient } else { gradientsOfQueries[place] = gradient }
        }
        for key in 0..<operands.keyCount {
          let queries = 0..<operands.queryCount
          let keyGradient = queries.reduce(0.0) { $0 + scoreGradients[$1][key] * part.query[$1][column] }
          let valueGradient = queries.reduce(0.0) { $0 + shares[$1][key] * up[$1][column] }
          for (start, gradient) in [(gradients.key, keyGradient), (gradients.value, valueGradient)] {
            gradientsOfKeys[
              HeadParts.place(gradients, gradients.keysValues, start, image, key, head) + column] =
              gradient
          }
        }
      }
    }
    if !isOne { write(gradientsOfQueries, to: gradients.queries) }
    write(gradientsOfKeys, to: gradients.keysValues)
  }

  private func eachHead(_ operands: AttentionOperands, _ body: (_ image: Int, _ head: Int) -> Void) {
    for image in 0..<operands.batch { for head in 0..<operands.heads { body(image, head) } }
  }

  private func outputPlace(_ operands: AttentionOperands, _ image: Int, _ token: Int, _ head: Int) -> Int {
    ((image * operands.queryCount + token) * operands.heads + head) * operands.width
  }
}

/// One head's queries, keys and values, tokens × width, in double.
private struct HeadParts {
  let query: [[Double]]
  let key: [[Double]]
  let value: [[Double]]
  let scale: Double

  init(_ operands: AttentionOperands, _ image: Int, _ head: Int) {
    func part(_ tensor: Tensor, _ start: Int) -> [[Double]] {
      let values = tensor.values
      return (0..<tensor.shape[1]).map { token in
        let place = Self.place(operands, tensor, start, image, token, head)
        return values[place..<place + operands.width].map(Double.init)
      }
    }
    query = part(operands.queries, operands.query)
    key = part(operands.keysValues, operands.key)
    value = part(operands.keysValues, operands.value)
    scale = 1 / Double(operands.width).squareRoot()
  }

  /// Where a head's values of one token begin.
  static func place(
    _ operands: AttentionOperands, _ tensor: Tensor, _ start: Int, _ image: Int, _ token: Int, _ head: Int
  ) -> Int {
    (image * tensor.shape[1] + token) * tensor.shape[2] + start + head * operands.width
  }

  /// Softmax of each token's scores, and log Σ exp of them.
  func shares() -> (shares: [[Double]], logSums: [Double]) {
    var (shares, logSums) = ([[Double]](), [Double]())
    for row in query {
      let scores = key.map { zip(row, $0).reduce(0) { $0 + $1.0 * $1.1 } * scale }
      let top = scores.max() ?? 0
      let logSum = top + log(scores.reduce(0) { $0 + exp($1 - top) })
      shares.append(scores.map { exp($0 - logSum) })
      logSums.append(logSum)
    }
    return (shares, logSums)
  }

  /// Gradient of the products query · key, given that of the outputs.
  func scoreGradients(_ shares: [[Double]], _ up: [[Double]]) -> [[Double]] {
    zip(shares, up).map { row, outputGradient in
      let shareGradients = value.map { zip(outputGradient, $0).reduce(0) { $0 + $1.0 * $1.1 } }
      let mean = zip(row, shareGradients).reduce(0) { $0 + $1.0 * $1.1 }
      return zip(row, shareGradients).map { $0 * ($1 - mean) * scale }
    }
  }
}
