import CTorch
import CoreTensor

// Losses and the optimiser.
extension TorchBackend {
  public func meanSquaredError(_ a: Tensor, _ b: Tensor, into mean: Tensor) {
    own.finish(own.library.table.meanSquaredError(own.handle, own.view(a), own.view(b), own.view(mean)))
  }

  public func difference(_ a: Tensor, _ b: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor)
  {
    own.finish(
      own.library.table.difference(
        own.handle, own.view(a), own.view(b), Double(factor), own.view(scalar), own.view(out)))
  }

  public func gradientScale(
    _ gradients: [Tensor], losses: Tensor?, share: Double, clipNorm: Double, into out: Tensor
  ) {
    own.finish(
      own.library.table.gradientScale(
        own.handle, gradients.map { own.view($0, as: [$0.count]) }, gradients.count, own.view(losses), share,
        clipNorm, own.view(out)))
  }

  public func adamW(_ updates: [ParameterUpdate], _ step: AdamWStep, scale: Tensor) {
    func flat(_ x: Tensor?) -> chex_torch_tensor { x.map { own.view($0, as: [$0.count]) } ?? .none }
    let given = updates.map {
      chex_torch_update(
        parameter: flat($0.parameter), gradient: flat($0.gradient), first: flat($0.first),
        second: flat($0.second), average: flat($0.average), learningRate: $0.learningRate,
        weightDecay: $0.weightDecay)
    }
    own.finish(
      own.library.table.adamW(
        own.handle, given, given.count,
        chex_torch_step(
          beta1: step.beta1, beta2: step.beta2, epsilon: step.epsilon, averageDecay: step.averageDecay,
          count: Int64(step.count)), own.view(scale)))
  }
}
