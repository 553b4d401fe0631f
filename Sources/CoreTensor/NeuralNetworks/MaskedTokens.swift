import CoreTensor

/// Rows of tokens with some of them replaced by one token.
/// - Parameters:
///   - x: `(B, N, d)`.
///   - rows: B rows of M numbers of tokens.
///   - token: `(1, 1, d)`.
/// - Returns: `(B, N, d)`.
public func replaceTokens(_ x: Tensor, at rows: [[Int]], by token: Tensor) -> Tensor {
  let count = x.shape[1]
  require(
    rows.count == x.shape[0] && rows.allSatisfy { $0.allSatisfy { 0..<count ~= $0 } }
      && token.count == x.shape[2],
    "replaceTokens: tokens \(x.shape), \(rows.count) rows of numbers, token \(token.shape)")
  var isReplaced = [Float](repeating: 0, count: x.shape[0] * count)
  for (row, numbers) in rows.enumerated() { for number in numbers { isReplaced[row * count + number] = 1 } }
  return select(Tensor(isReplaced, shape: [x.shape[0], count, 1]).moved(to: x.device), token, x)
}
