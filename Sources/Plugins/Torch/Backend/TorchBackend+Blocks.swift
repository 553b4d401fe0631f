import CTorch
import CoreTensor

// Layer norm, attention and softmax.
extension TorchBackend {
  public func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    // Where the statistics are known they are measured again: one pass over the rows, where reading them takes three.
    let columns = x.shape[x.shape.count - 1]
    own.finish(
      own.library.table.layerNorm(
        own.handle, own.matrix(x, columns: columns), own.view(weight), own.view(bias), Double(epsilon),
        own.matrix(out, columns: columns),
        statistics.areKnown ? .none : own.view(statistics.mean),
        statistics.areKnown ? .none : own.view(statistics.inverse)))
  }

  public func layerNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, residual: Tensor?,
    into out: Tensor, weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    let columns = x.shape[x.shape.count - 1]
    own.finish(
      own.library.table.layerNormGradient(
        own.handle, own.matrix(x, columns: columns), own.view(weight), own.view(statistics.mean),
        own.view(statistics.inverse), own.matrix(outputGradient, columns: columns), own.view(residual),
        own.matrix(out, columns: columns), own.view(weightGradient), own.view(biasGradient)))
  }

  public func attention(_ operands: AttentionOperands, into out: Tensor, logSums: Tensor) {
    var operands = view(operands)
    own.finish(
      own.library.table.attention(
        own.handle, fusesAttention ? 1 : 0, &operands, own.view(out), own.view(logSums)))
  }

  public func attentionGradient(
    _ operands: AttentionOperands, out: Tensor, logSums: Tensor, outputGradient: Tensor,
    into gradients: AttentionOperands
  ) {
    var (operands, gradients) = (view(operands), view(gradients))
    own.finish(
      own.library.table.attentionGradient(
        own.handle, fusesAttention ? 1 : 0, &operands, own.view(out), own.view(logSums),
        own.view(outputGradient), &gradients))
  }

  private func view(_ operands: AttentionOperands) -> chex_torch_attention {
    chex_torch_attention(
      queries: own.view(operands.queries), keysValues: own.view(operands.keysValues),
      query: Int64(operands.query), key: Int64(operands.key), value: Int64(operands.value),
      heads: Int64(operands.heads), width: Int64(operands.width), scale: Double(operands.scale))
  }

  public func softmax(_ x: Tensor, axis: Int, into out: Tensor) {
    own.finish(own.library.table.softmax(own.handle, own.view(x), Int64(axis), own.view(out)))
  }

  public func softmaxGradient(_ out: Tensor, outputGradient: Tensor, axis: Int, into inputGradient: Tensor) {
    own.finish(
      own.library.table.softmaxGradient(
        own.handle, own.view(out), own.view(outputGradient), Int64(axis), own.view(inputGradient)))
  }
}
