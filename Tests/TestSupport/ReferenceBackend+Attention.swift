import CoreTensor
import Foundation

extension ReferenceBackend {
  public func attention(_ projected: Tensor, _ sizes: AttentionSizes, into out: Tensor, logSums: Tensor) {
    eachHead(sizes) { image, head in
      let part = HeadParts(projected, sizes, image, head)
      let (shares, sums) = part.shares()
      for token in 0..<sizes.tokens {
        logSums.pointer[(image * sizes.heads + head) * sizes.tokens + token] = Float(sums[token])
        for column in 0..<sizes.width {
          let mixed = (0..<sizes.tokens).reduce(0.0) { $0 + shares[token][$1] * part.value[$1][column] }
          out.pointer[outputPlace(sizes, image, token, head) + column] = Float(mixed)
        }
      }
    }
  }

  public func attentionGradient(
    _ projected: Tensor, _ sizes: AttentionSizes, output: Tensor, logSums: Tensor, upstream: Tensor,
    into out: Tensor
  ) {
    let (tokens, width) = (sizes.tokens, sizes.width)
    eachHead(sizes) { image, head in
      let part = HeadParts(projected, sizes, image, head)
      let shares = part.shares().shares
      let up = (0..<tokens).map { token in
        (0..<width).map { Double(upstream.pointer[outputPlace(sizes, image, token, head) + $0]) }
      }
      let slopes = part.scoreSlopes(shares, up)
      for token in 0..<tokens {
        for column in 0..<width {
          var (query, key, value) = (0.0, 0.0, 0.0)
          for other in 0..<tokens {
            query += slopes[token][other] * part.key[other][column]
            key += slopes[other][token] * part.query[other][column]
            value += shares[other][token] * up[other][column]
          }
          for (kind, slope) in [query, key, value].enumerated() {
            out.pointer[HeadParts.place(sizes, image, token, kind, head) + column] = Float(slope)
          }
        }
      }
    }
  }

  private func eachHead(_ sizes: AttentionSizes, _ body: (_ image: Int, _ head: Int) -> Void) {
    for image in 0..<sizes.batch { for head in 0..<sizes.heads { body(image, head) } }
  }

  private func outputPlace(_ sizes: AttentionSizes, _ image: Int, _ token: Int, _ head: Int) -> Int {
    ((image * sizes.tokens + token) * sizes.heads + head) * sizes.width
  }
}

/// One head's queries, keys and values, tokens × width, in double.
private struct HeadParts {
  let query: [[Double]]
  let key: [[Double]]
  let value: [[Double]]
  let scale: Double

  init(_ projected: Tensor, _ sizes: AttentionSizes, _ image: Int, _ head: Int) {
    func part(_ kind: Int) -> [[Double]] {
      (0..<sizes.tokens).map { token in
        let start = Self.place(sizes, image, token, kind, head)
        return (0..<sizes.width).map { Double(projected.pointer[start + $0]) }
      }
    }
    (query, key, value) = (part(0), part(1), part(2))
    scale = 1 / Double(sizes.width).squareRoot()
  }

  /// Where the values of `kind` (queries, keys, values) begin in (B, N, 3, heads, width).
  static func place(_ sizes: AttentionSizes, _ image: Int, _ token: Int, _ kind: Int, _ head: Int) -> Int {
    (((image * sizes.tokens + token) * 3 + kind) * sizes.heads + head) * sizes.width
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
  func scoreSlopes(_ shares: [[Double]], _ up: [[Double]]) -> [[Double]] {
    zip(shares, up).map { row, upstream in
      let shareSlopes = value.map { zip(upstream, $0).reduce(0) { $0 + $1.0 * $1.1 } }
      let mean = zip(row, shareSlopes).reduce(0) { $0 + $1.0 * $1.1 }
      return zip(row, shareSlopes).map { $0 * ($1 - mean) * scale }
    }
  }
}
