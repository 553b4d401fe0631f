/// x plus a residual branch that only some images keep: stochastic depth (Huang et al. 2016). What is dropped is not
/// computed.
/// - Parameters:
///   - x: `(B, …)`.
///   - kept: numbers of the images that keep the branch, none twice.
///   - scale: factor on the branch of those images.
///   - branch: images → images plus their branch, of the same shape.
/// - Returns: x's shape. Where all images are kept at scale 1 it is `branch(x)`, bit for bit.
public func dropPath(_ x: Tensor, kept: [Int], scale: Float, _ branch: (Tensor) -> Tensor) -> Tensor {
  require(
    Set(kept).count == kept.count && kept.allSatisfy { 0..<x.shape[0] ~= $0 },
    "dropPath: an image of \(kept) is outside input \(x.shape), or stands there twice")
  guard !kept.isEmpty else { return x }
  if kept.count == x.shape[0], scale == 1 { return branch(x) }
  let backend = Compute.backend("dropPath", x)
  let chosen = gatherImages(x, kept)
  let whole = branch(chosen)
  require(whole.shape == chosen.shape, "dropPath: the branch gives \(whole.shape) for \(chosen.shape)")
  let difference = backend.empty(chosen.shape)
  backend.difference(whole, chosen, by: scale, times: nil, into: difference)
  let out = x.copied()
  backend.scatterRows(imageRows(difference), kept, into: imageRows(out))
  // Nodes alone are kept: the backward pass needs neither x nor what the branch gave.
  let (source, given, shape) = (x.node, whole.node, chosen.shape)
  return differentiable("dropPath", [x, whole], out) { outputGradient in
    let own = backend.empty(shape)
    backend.gatherRows(imageRows(outputGradient), kept, into: imageRows(own))
    let inputGradient = backend.empty(shape)
    if let node = given {
      backend.scale(own, by: scale, into: inputGradient)
      node.receive(inputGradient)
    }
    if let node = source {
      let rest = backend.empty(shape)
      backend.scale(own, by: -scale, into: rest)
      let gradients = outputGradient.copied()
      backend.scatterRows(imageRows(rest), kept, into: imageRows(gradients))
      node.receive(gradients)
    }
  }
}

/// x (B, …) as a matrix of B rows, sharing memory and without history.
private func imageRows(_ x: Tensor) -> Tensor {
  Tensor(sharing: x, shape: [x.shape[0], x.count / x.shape[0]])
}

/// Images `kept` of x (B, …), none twice.
private func gatherImages(_ x: Tensor, _ kept: [Int]) -> Tensor {
  let backend = Compute.backend("gatherImages", x)
  let out = backend.empty([kept.count] + x.shape.dropFirst())
  backend.gatherRows(imageRows(x), kept, into: imageRows(out))
  let source = x.receiver
  return differentiable("gatherImages", [x], out) { outputGradient in
    source.node?.receive(shape: source.shape) { buffer, accumulate in
      if !accumulate { buffer.fill(0) }
      backend.scatterRows(imageRows(outputGradient), kept, into: imageRows(buffer))
    }
  }
}
