/// Softmax in terms of primitives, for backends that have none of their own.
extension Backend {
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
