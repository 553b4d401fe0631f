/// Rows of x (B, N, D) by number: `indices` has B rows of K → (B, K, D). A number may stand several times.
public func gatherTokens(_ x: Tensor, _ indices: [[Int]]) -> Tensor {
  let rows = tokenRows(indices, of: x, "gatherTokens")
  let backend = Compute.backend("gatherTokens", x)
  let out = backend.empty([x.shape[0], indices.first?.count ?? 0, x.shape[2]])
  backend.gatherRows(x, rows, into: out)
  let source = x.receiver
  return differentiable("gatherTokens", [x], out) { outputGradient in
    source.node?.receive(shape: source.shape) { buffer, accumulate in
      if !accumulate { buffer.fill(0) }
      addRows(outputGradient, rows, to: buffer, backend)
    }
  }
}

/// Adds row i of x to row `rows[i]` of `out`, both seen as matrices of one width; a number may stand several times.
func addRows(_ x: Tensor, _ rows: [Int], to out: Tensor, _ backend: any Backend) {
  // Threads add rows at once, so that each pass has a row once: the first time that it stands, the second, and so on.
  var times = [Int](repeating: 0, count: out.rows)
  var passes: [[Int]] = []
  for (place, row) in rows.enumerated() {
    if times[row] == passes.count { passes.append([]) }
    passes[times[row]].append(place)
    times[row] += 1
  }
  guard passes.count > 1 else { return backend.scatterRows(x, rows, into: out) }
  for places in passes {
    let part = backend.empty([places.count, x.columns])
    backend.gatherRows(x, places, into: part)
    backend.scatterRows(part, places.map { rows[$0] }, into: out)
  }
}

/// Rows of x (B, N, D) seen as a matrix, for B rows of token numbers.
func tokenRows(_ indices: [[Int]], of x: Tensor, _ operation: String) -> [Int] {
  let (batch, tokens) = (x.shape[0], x.shape[1])
  let kept = indices.first?.count ?? 0
  require(
    indices.count == batch && indices.allSatisfy { $0.count == kept && $0.allSatisfy { 0..<tokens ~= $0 } },
    "\(operation): \(indices.count) rows of indices for input \(x.shape), or an index outside it")
  return indices.enumerated().flatMap { image, row in row.map { image * tokens + $0 } }
}

/// Joins a (B, K, D) and b (B, T, D) to (B, K+T, D).
public func concatenateTokens(_ a: Tensor, _ b: Tensor) -> Tensor {
  require(
    a.shape.count == 3 && b.shape.count == 3, "concatenateTokens: shapes \(a.shape) and \(b.shape)")
  return concatenate([a, b], axis: 1)
}

/// Joins a (…, D) and b (…, E) to (…, D+E).
public func concatenateFeatures(_ a: Tensor, _ b: Tensor) -> Tensor { concatenate([a, b], axis: -1) }

/// Stacks tensors that agree in all but the first axis.
public func concatenate(_ parts: [Tensor]) -> Tensor {
  guard parts.count > 1 else { return parts[0] }
  let tail = Array(parts[0].shape.dropFirst())
  require(
    parts.allSatisfy { Array($0.shape.dropFirst()) == tail }, "concatenate: shapes \(parts.map(\.shape))")
  let backend = Compute.backend("concatenate", parts)
  let out = backend.empty([parts.reduce(0) { $0 + $1.shape[0] }] + tail)
  let starts = parts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
  for (part, start) in zip(parts, starts) {
    backend.copyStrided(
      part, StridedPlace(strides: [1]), to: out, StridedPlace(start: start, strides: [1]), sizes: [part.count]
    )
  }
  let sources = parts.map(\.receiver)
  return differentiable("concatenate", parts, out) { outputGradient in
    for (source, start) in zip(sources, starts) {
      source.node?.receive(Tensor(sharing: outputGradient, shape: source.shape, start: start))
    }
  }
}

/// Items `range` of the first axis, sharing memory.
public func slice(_ x: Tensor, _ range: Range<Int>) -> Tensor {
  let size = x.count / max(x.shape[0], 1)
  require(range.upperBound <= x.shape[0], "slice: \(range) of input \(x.shape)")
  let shape = [range.count] + x.shape.dropFirst()
  let out = Tensor(sharing: x, shape: shape, start: range.lowerBound * size)
  let backend = Compute.backend("slice", x)
  let source = x.receiver
  return differentiable("slice", [x], out) { outputGradient in
    source.node?.receive(shape: source.shape) { buffer, accumulate in
      if !accumulate { buffer.fill(0) }
      let part = Tensor(sharing: buffer, shape: shape, start: range.lowerBound * size)
      backend.addScaled(outputGradient, by: 1, into: part)
    }
  }
}

/// The same values in another shape of as many values, sharing memory.
public func reshape(_ x: Tensor, _ shape: [Int]) -> Tensor {
  require(shape.reduce(1, *) == x.count, "reshape: \(x.shape) to \(shape)")
  let out = Tensor(sharing: x, shape: shape)
  let source = x.receiver
  return differentiable("reshape", [x], out) { outputGradient in
    source.node?.receive(Tensor(sharing: outputGradient, shape: source.shape))
  }
}

/// Patches of images as rows, for a convolution whose stride is its size.
/// - Parameters:
///   - images: `(B, C, S, S)`.
///   - patches: the wanted patches of each image in raster order, B rows of K.
///   - patchSize: side P of a patch, in pixels.
/// - Returns: `(B, K, C·P·P)`.
public func extractPatches(_ images: Tensor, patches: [[Int]], patchSize: Int) -> Tensor {
  let grid = images.shape[3] / patchSize
  let kept = patches.first?.count ?? 0
  require(
    images.shape[2] == images.shape[3] && images.shape[3] % patchSize == 0
      && patches.count == images.shape[0]
      && patches.allSatisfy { $0.count == kept && $0.allSatisfy { 0..<grid * grid ~= $0 } },
    "extractPatches: images \(images.shape), \(patches.count) rows of patches, patch \(patchSize)")
  let backend = Compute.backend("extractPatches", images)
  let out = backend.empty([patches.count, kept, images.shape[1] * patchSize * patchSize])
  backend.extractPatches(images, patches: patches, patchSize: patchSize, into: out)
  return differentiable("extractPatches", [images], out) { outputGradient in
    let rows = pixelRows(of: images.shape, patches, patchSize)
    images.node?.receive(shape: images.shape) { buffer, accumulate in
      if !accumulate { buffer.fill(0) }
      addRows(
        Tensor(sharing: outputGradient, shape: [rows.count, patchSize]), rows,
        to: Tensor(sharing: buffer, shape: [buffer.count / patchSize, patchSize]), backend)
    }
  }
}

/// Where the rows of pixels of patches lie, patch after patch, in images seen as rows of `patchSize` pixels.
func pixelRows(of shape: [Int], _ patches: [[Int]], _ patchSize: Int) -> [Int] {
  let (channels, side) = (shape[1], shape[3])
  let grid = side / patchSize
  return patches.enumerated().flatMap { image, own in
    own.flatMap { patch in
      (0..<channels * patchSize).map { line in
        let (channel, row) = (line / patchSize, line % patchSize)
        return ((image * channels + channel) * side + patch / grid * patchSize + row) * grid + patch % grid
      }
    }
  }
}

/// Mean over tokens: x (B, N, D) → (B, D).
public func meanTokens(_ x: Tensor) -> Tensor {
  require(x.shape.count == 3 && x.shape[1] > 0, "meanTokens: input \(x.shape)")
  let (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2])
  let backend = Compute.backend("meanTokens", x)
  let sums = backend.empty([batch, width])
  sumTokens(x, into: sums, accumulate: false, backend)
  let out = backend.empty([batch, width])
  backend.scale(sums, by: 1 / Float(tokens), into: out)
  let source = x.receiver
  return differentiable("meanTokens", [x], out) { outputGradient in
    let share = backend.empty([batch, width])
    backend.scale(outputGradient, by: 1 / Float(tokens), into: share)
    source.node?.receive(repeatRows(share, tokens))
  }
}

/// Repeats each row of x (B, W) `count` times → (B, count, W).
public func repeatRows(_ x: Tensor, _ count: Int) -> Tensor {
  require(x.shape.count == 2 && count >= 0, "repeatRows: input \(x.shape), \(count) times")
  let (batch, width) = (x.shape[0], x.shape[1])
  let backend = Compute.backend("repeatRows", x)
  let out = backend.empty([batch, count, width])
  backend.gatherRows(x, (0..<batch * count).map { $0 / count }, into: out)
  let source = x.receiver
  return differentiable("repeatRows", [x], out) { outputGradient in
    source.node?.receive(shape: source.shape) { sumTokens(outputGradient, into: $0, accumulate: $1, backend) }
  }
}

/// out (B, D) = Σ over tokens of x (B, N, D).
private func sumTokens(_ x: Tensor, into out: Tensor, accumulate: Bool, _ backend: any Backend) {
  let (tokens, width) = (x.shape[1], x.shape[2])
  for image in 0..<x.shape[0] {
    backend.sumRows(
      Tensor(sharing: x, shape: [tokens, width], start: image * tokens * width),
      into: Tensor(sharing: out, shape: [width], start: image * width), accumulate: accumulate)
  }
}
