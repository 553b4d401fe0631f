import CKernels

extension CPUBackend {
  public func resize(_ x: Tensor, _ mode: ResizeMode, into out: Tensor) {
    let (height, width) = (x.shape[2], x.shape[3])
    let rows = ResizePlaces(from: height, to: out.shape[2], mode).table
    let columns = ResizePlaces(from: width, to: out.shape[3], mode).table
    let result = rows.count * columns.count
    rowwise(x.shape[0] * x.shape[1], columns: result) { range in
      let line = Storage(byteCount: 4 * width)
      for plane in range {
        chex_resize_plane(
          x.pointer + plane * height * width, width, rows, rows.count, columns, columns.count,
          out.pointer + plane * result, line.floats)
      }
      withExtendedLifetime(line) {}
    }
  }

  public func resizeGradient(_ outputGradient: Tensor, _ mode: ResizeMode, into out: Tensor) {
    let (height, width) = (out.shape[2], out.shape[3])
    let rows = ResizePlaces(from: height, to: outputGradient.shape[2], mode).table
    let columns = ResizePlaces(from: width, to: outputGradient.shape[3], mode).table
    let own = rows.count * columns.count
    rowwise(out.shape[0] * out.shape[1], columns: own) { range in
      let line = Storage(byteCount: 4 * width)
      for plane in range {
        chex_resize_plane_gradient(
          outputGradient.pointer + plane * own, height, width, rows, rows.count, columns, columns.count,
          out.pointer + plane * height * width, line.floats)
      }
      withExtendedLifetime(line) {}
    }
  }

  // MARK: Pools

  public func maxPool(_ x: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry, into out: Tensor) {
    let sizes = ConvolutionSizes(input: x.shape, weight: [1, 1] + kernel, output: out.shape, geometry)
    rowwise(x.shape[0] * x.shape[1], columns: sizes.inputPlane) {
      var how = sizes.how
      for plane in $0 {
        chex_max_pool(x.pointer + plane * sizes.inputPlane, &how, out.pointer + plane * sizes.outputPlane)
      }
    }
  }

  public func maxPoolGradient(
    _ x: Tensor, _ out: Tensor, outputGradient: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry,
    into inputGradient: Tensor
  ) {
    let sizes = ConvolutionSizes(input: x.shape, weight: [1, 1] + kernel, output: out.shape, geometry)
    rowwise(x.shape[0] * x.shape[1], columns: sizes.inputPlane) {
      var how = sizes.how
      for plane in $0 {
        chex_max_pool_gradient(
          x.pointer + plane * sizes.inputPlane, outputGradient.pointer + plane * sizes.outputPlane, &how,
          inputGradient.pointer + plane * sizes.inputPlane)
      }
    }
  }

  // MARK: Softmax

  public func softmax(_ x: Tensor, axis: Int, into out: Tensor) {
    guard axis == x.shape.count - 1 else { return softmaxByPrimitives(x, axis: axis, into: out) }
    rowwise(x.rows, columns: x.columns) {
      let start = $0.lowerBound * x.columns
      chex_softmax_rows(x.pointer + start, out.pointer + start, $0.count, x.columns)
    }
  }

  public func softmaxGradient(_ out: Tensor, outputGradient: Tensor, axis: Int, into inputGradient: Tensor) {
    guard axis == out.shape.count - 1 else {
      return softmaxGradientByPrimitives(out, outputGradient: outputGradient, axis: axis, into: inputGradient)
    }
    rowwise(out.rows, columns: out.columns) {
      let start = $0.lowerBound * out.columns
      chex_softmax_gradient_rows(
        out.pointer + start, outputGradient.pointer + start, inputGradient.pointer + start, $0.count,
        out.columns)
    }
  }
}

extension ResizePlaces {
  fileprivate var table: [chex_place] {
    first.indices.map { chex_place(first: Int32(first[$0]), second: Int32(second[$0]), share: share[$0]) }
  }
}
