/// Softmax and scaled functions in terms of primitives.
extension Backend {
  public func multiplyMapped(_ function: UnaryFunction, _ x: Tensor, by factors: Tensor, into out: Tensor) {
    combine(.multiply, mapped(function, x), factors, into: out)
  }

  public func softmax(_ x: Tensor, axis: Int, into out: Tensor) {
    softmaxByPrimitives(x, axis: axis, into: out)
  }

  public func softmaxGradient(_ out: Tensor, upstream: Tensor, axis: Int, into down: Tensor) {
    softmaxGradientByPrimitives(out, upstream: upstream, axis: axis, into: down)
  }

  func softmaxByPrimitives(_ x: Tensor, axis: Int, into out: Tensor) {
    combine(.subtract, x, reduced(.maximum, x, over: [axis]), into: out)
    map(.exponential, out, into: out)
    combine(.divide, out, reduced(.sum, out, over: [axis]), into: out)
  }

  func softmaxGradientByPrimitives(_ out: Tensor, upstream: Tensor, axis: Int, into down: Tensor) {
    let products = combined(.multiply, out, upstream)
    combine(.subtract, upstream, reduced(.sum, products, over: [axis]), into: down)
    combine(.multiply, down, out, into: down)
  }
}
