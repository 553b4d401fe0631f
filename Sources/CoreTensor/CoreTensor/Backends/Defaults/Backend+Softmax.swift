/// Softmax and scaled functions in terms of primitives.
extension Backend {
  public func multiplyMapped(_ function: UnaryFunction, _ x: Tensor, by factors: Tensor, into out: Tensor) {
    combine(.multiply, mapped(function, x), factors, into: out)
  }

  public func softmax(_ x: Tensor, axis: Int, into out: Tensor) {
    softmaxByPrimitives(x, axis: axis, into: out)
  }

  public func softmaxGradient(_ out: Tensor, outputGradient: Tensor, axis: Int, into inputGradient: Tensor) {
    softmaxGradientByPrimitives(out, outputGradient: outputGradient, axis: axis, into: inputGradient)
  }

  func softmaxByPrimitives(_ x: Tensor, axis: Int, into out: Tensor) {
    combine(.subtract, x, reduced(.maximum, x, over: [axis]), into: out)
    map(.exponential, out, into: out)
    combine(.divide, out, reduced(.sum, out, over: [axis]), into: out)
  }

  func softmaxGradientByPrimitives(
    _ out: Tensor, outputGradient: Tensor, axis: Int, into inputGradient: Tensor
  ) {
    let products = combined(.multiply, out, outputGradient)
    combine(.subtract, outputGradient, reduced(.sum, products, over: [axis]), into: inputGradient)
    combine(.multiply, inputGradient, out, into: inputGradient)
  }
}
