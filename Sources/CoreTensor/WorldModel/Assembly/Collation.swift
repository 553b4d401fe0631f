import CoreTensor
import Imaging

extension BatchPlan {
  /// Stacks samples. Where tasks hide patches, counts are cut to the batch's smallest, at random places: cutting
  /// always the last would leave the bottom of radiographs under-sampled.
  /// - Parameter samples: in batch order, all of this plan.
  public func collate(_ samples: [AssembledSample]) throws -> WorldBatch {
    let structure = try checkedStructure(samples)
    let cut = cutToSmallest(samples)
    let contexts = cut[0].contexts.indices.map { view in
      let hides = cut.contains { $0.contexts[view].visible.count < scope.geometry.patchCount }
      return WorldBatch.Context(
        images: InputNormalization.tensor(cut.map { $0.contexts[view].pixels }),
        visible: hides ? cut.map { $0.contexts[view].visible } : nil)
    }
    let targets = cut[0].targets.indices.map { view in
      InputNormalization.tensor(cut.map { $0.targets[view].pixels })
    }
    let predictions = structure.enumerated().map { position, supervision in
      WorldBatch.SupervisedPatches(
        name: "\(assembly.label)z\(supervision.context + 1)\(supervision.target + 1)",
        context: supervision.context, target: supervision.target,
        patches: cut.map { predictedPatches(supervision.patches, $0) },
        told: samples.map { $0.latents[position] })
    }
    let part = WorldBatch.Part(
      tasks: assembly.tasks.map(\.name), contexts: contexts.indices, targets: targets.indices,
      numbers: try numbers(samples), group: 0)
    return WorldBatch(contexts: contexts, targets: targets, supervisions: predictions, parts: [part])
  }

  private func numbers(_ samples: [AssembledSample]) throws -> [String: Tensor] {
    try samples[0].numbers.reduce(into: [:]) { all, own in
      let rows = samples.map { $0.numbers[own.key] ?? [] }
      if let other = rows.firstIndex(where: { $0.count != own.value.count }) {
        throw AssemblyError.numbersDiffer(task: own.key, sample: other)
      }
      all[own.key] = Tensor(rows.flatMap { $0 }, shape: [rows.count, own.value.count])
    }
  }

  private func checkedStructure(_ samples: [AssembledSample]) throws -> [Supervision] {
    let first = samples[0]
    let names = first.latents.map { $0.map(\.latent) }
    for supervision in first.supervisions {
      guard 0..<first.contexts.count ~= supervision.context, 0..<first.contexts.count ~= supervision.target
      else {
        throw AssemblyError.unknownView(supervision: supervision, views: first.contexts.count)
      }
      if case .hidden(let view) = supervision.patches, !(0..<first.contexts.count ~= view) {
        throw AssemblyError.unknownView(supervision: supervision, views: first.contexts.count)
      }
    }
    for (index, sample) in samples.enumerated() {
      guard sample.supervisions == first.supervisions, sample.latents.map({ $0.map(\.latent) }) == names
      else {
        throw AssemblyError.supervisionsDiffer(sample: index)
      }
      for (own, expected) in zip(sample.latents.joined(), first.latents.joined())
      where own.numbers.count != expected.numbers.count {
        throw AssemblyError.latentWidth(
          own.latent, expected: expected.numbers.count, found: own.numbers.count)
      }
      for (own, expected) in zip(sample.latents.joined(), first.latents.joined())
      where own.patchNumbers?.first?.count != expected.patchNumbers?.first?.count {
        throw AssemblyError.patchWidth(
          own.latent, expected: expected.patchNumbers?.first?.count ?? 0,
          found: own.patchNumbers?.first?.count ?? 0)
      }
      for context in sample.contexts {
        guard !context.visible.isEmpty else {
          throw AssemblyError.nothingVisible(view: context.view, sample: index)
        }
        for patch in context.visible + context.hidden where !(0..<scope.geometry.patchCount ~= patch) {
          throw AssemblyError.patchOutside(
            view: context.view, patch: patch, patches: scope.geometry.patchCount)
        }
      }
    }
    return first.supervisions
  }

  /// One number of visible patches, and one of hidden, for all contexts whose task restricts them, so that all
  /// passes of a kind have one length.
  private func cutToSmallest(_ samples: [AssembledSample]) -> [AssembledSample] {
    let contexts = samples.flatMap(\.contexts)
    let visible = contexts.map(\.visible.count).filter { $0 < scope.geometry.patchCount }.min()
    let hidden = contexts.map(\.hidden.count).filter { $0 > 0 }.min()
    return samples.enumerated().map { index, sample in
      var random = scope.random("cut", sample: index)
      var sample = sample
      for view in sample.contexts.indices {
        let own = sample.contexts[view]
        if let visible { sample.contexts[view].visible = subset(own.visible, visible, &random) }
        if let hidden, !own.hidden.isEmpty {
          sample.contexts[view].hidden = subset(own.hidden, hidden, &random)
        }
      }
      return sample
    }
  }

  /// `count` of `patches` at random, in their order; all where there are not more.
  private func subset(_ patches: [Int], _ count: Int, _ random: inout RandomStream) -> [Int] {
    guard patches.count > count else { return patches }
    return random.permutation(patches.count).prefix(count).sorted().map { patches[$0] }
  }

  private func predictedPatches(_ selection: PatchSelection, _ sample: AssembledSample) -> [Int] {
    if case .hidden(let context) = selection, !sample.contexts[context].hidden.isEmpty {
      return sample.contexts[context].hidden
    }
    return Array(0..<scope.geometry.patchCount)
  }
}

/// ImageNet's mean and deviation on grey repeated over three channels, so that published weights fit (spec section 5).
public enum InputNormalization {
  public static let mean: [Float] = [0.485, 0.456, 0.406]
  public static let deviation: [Float] = [0.229, 0.224, 0.225]

  /// Writes (3, H, W) for one image.
  public static func write(_ image: GrayImage, to output: UnsafeMutablePointer<Float>) {
    let count = image.pixels.count
    image.pixels.withUnsafeBufferPointer { pixels in
      for channel in 0..<3 {
        let target = output + channel * count
        let (mean, scale) = (mean[channel], 1 / deviation[channel])
        for position in 0..<count { target[position] = (pixels[position] - mean) * scale }
      }
    }
  }

  /// Images of one size as one tensor `(B, 3, S, S)`.
  public static func tensor(_ images: [GrayImage]) -> Tensor {
    let (height, width) = (images[0].height, images[0].width)
    require(
      images.allSatisfy { $0.height == height && $0.width == width },
      "InputNormalization: images of \(Set(images.map { "\($0.width) × \($0.height)" }).sorted()) pixels in one batch"
    )
    return Tensor([images.count, 3, height, width]) { values in
      for (index, image) in images.enumerated() {
        write(image, to: values.baseAddress! + index * 3 * height * width)
      }
    }
  }
}
