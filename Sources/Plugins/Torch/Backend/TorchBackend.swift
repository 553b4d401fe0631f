import CTorch
import CoreTensor

/// Arithmetic through libtorch, on the processor or a GPU.
///
/// Products multiply float32 or bfloat16; all else is float32. What libtorch has as one kernel is one call here; the rest
/// is the core's decomposition into primitives.
public struct TorchBackend: TorchComputing {
  let own: TorchDevice
  public let activationType: ElementType
  /// Whether attention is libtorch's own kernel where it takes the sizes.
  let fusesAttention: Bool

  init(_ device: TorchDevice, _ type: ElementType, fusesAttention: Bool) {
    (own, activationType, self.fusesAttention) = (device, type, fusesAttention)
  }

  /// For operations that libtorch has not, or not as the core defines them.
  var primitives: TorchPrimitives { TorchPrimitives(own: own, activationType: activationType) }

  // MARK: Products

  public func product(
    _ x: Tensor, _ weight: Tensor, _ direction: ProductDirection, into out: Tensor,
    then epilogue: ProductEpilogue
  ) {
    let outputs = weight.shape[0]
    let inputs = weight.count / outputs
    let (kind, vector, matrix, activated): (chex_torch_epilogue, Tensor?, Tensor?, Tensor?) =
      switch epilogue {
      case .none: (CHEX_TORCH_NONE, nil, nil, nil)
      case .bias(let bias): (CHEX_TORCH_BIAS, bias, nil, nil)
      case .biasResidual(let bias, let residual): (CHEX_TORCH_BIAS_RESIDUAL, bias, residual, nil)
      case .biasGELU(let bias, let activated): (CHEX_TORCH_BIAS_GELU, bias, nil, activated)
      case .geluGradient(let x, let activated): (CHEX_TORCH_GELU_GRADIENT, nil, x, activated)
      }
    own.finish(
      own.library.table.product(
        own.handle, activationType.torchCode, own.view(x), own.view(weight, as: [outputs, inputs]),
        direction == .backward ? 1 : 0, own.view(out), Int32(kind.rawValue), own.view(vector),
        own.view(matrix), own.view(activated)))
  }

  public func weightGradient(_ outputGradient: Tensor, _ x: Tensor, into out: Tensor, accumulate: Bool) {
    let n = outputGradient.shape[outputGradient.shape.count - 1]
    guard n > 0 else { return }
    let rows = outputGradient.count / n
    let k = out.count / n
    own.finish(
      own.library.table.weightGradient(
        own.handle, activationType.torchCode, own.view(outputGradient, as: [rows, n]),
        own.view(x, as: [rows, k]), own.view(out, as: [n, k]), accumulate ? 1 : 0))
  }

  public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
    own.finish(
      own.library.table.sumRows(
        own.handle, own.matrix(x, columns: out.count), own.view(out, as: [out.count]), accumulate ? 1 : 0))
  }

  public func addRowVector(_ vector: Tensor, to x: Tensor) {
    let rows = own.matrix(x, columns: vector.count)
    own.finish(
      own.library.table.combine(
        own.handle, BinaryFunction.add.torchCode, rows, own.view(vector, as: [vector.count]), rows))
  }

  // MARK: Elementwise

  public func scale(_ x: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor) {
    own.finish(
      own.library.table.scale(own.handle, own.view(x), Double(factor), own.view(scalar), own.view(out)))
  }

  public func addScaled(_ x: Tensor, by factor: Float, into out: Tensor) {
    own.finish(own.library.table.addScaled(own.handle, own.view(x), Double(factor), own.view(out)))
  }

  public func geluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    mapGradient(.gelu, x, outputGradient, into: out)
  }

  public func reluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    mapGradient(.relu, x, outputGradient, into: out)
  }

  private func mapGradient(
    _ function: UnaryFunction, _ x: Tensor, _ outputGradient: Tensor, into out: Tensor
  ) {
    own.finish(
      own.library.table.mapGradient(
        own.handle, function.torchCode, own.view(x), own.view(outputGradient), own.view(out)))
  }

  public func extractPatches(_ images: Tensor, patches: [[Int]], patchSize: Int, into out: Tensor) {
    let grid = images.shape[2] / patchSize
    let numbers = patches.enumerated().flatMap { image, own in own.map { Int64(image * grid * grid + $0) } }
    guard !numbers.isEmpty else { return }
    own.finish(
      own.library.table.extractPatches(
        own.handle, own.view(images), numbers, numbers.count, Int64(patchSize),
        own.view(out, as: [numbers.count, out.count / numbers.count])))
  }
}
