import WorldModel

/// What the families have in common: encoders with timm's names, and the tasks that a predictor was trained for.
enum EncoderNames {
  /// Why a tensor of an encoder is left out; nil for those that the model here has too.
  /// - Parameter name: by the model's name.
  static func reasonToDrop(_ name: String) -> String? {
    for part in ["encoder.", "target_encoder."] where name.hasPrefix(part) {
      let own = name.dropFirst(part.count)
      if own.hasPrefix("head.") || own.hasPrefix("head_dist.") || own.hasPrefix("pre_logits.") {
        return "a classifier on top of the encoder"
      }
    }
    return nil
  }

  /// The place of a parameter, or why it is left out.
  static func place(_ name: String) -> WeightsNames.Place {
    reasonToDrop(name).map(WeightsNames.Place.dropped) ?? .parameter(name)
  }

  /// Whether a file holds a state dict for each part of a model under keys of their own.
  static func areSeparate(_ file: any WeightsContents) -> Bool {
    file.tensors.contains { $0.path.count > 1 && StateDictionary.parts.contains($0.path[0]) }
  }

  /// Whether a name is one of a whole model's, and not of an encoder of Hugging Face's, whose blocks are `encoder.layer.`.
  static func isOfModel(_ name: String) -> Bool {
    !name.hasPrefix("encoder.layer") && StateDictionary.parts.contains { name.hasPrefix($0 + ".") }
  }
}

/// Settings of the tasks that a file was trained for, or that an encoder alone can begin with.
enum TaskSettings {
  /// The first weights of the policy network, which is told how the appearance was changed.
  private static let policy = "predictor.policy_net.0.weight"

  /// - Parameters: as `WeightsFamily.settings` has them.
  static func settings(
    for names: WeightsNames, _ file: any WeightsContents, _ sizes: WeightsSizes, _ given: Set<String>
  ) throws -> [WeightsSetting] {
    var found: [WeightsSetting] = []
    // A model of fewer patches than the paper's masks leave is one to take features of, or to try things with.
    let isResized = given.contains("model.image_size") || given.contains("model.patch_size")
    if let grid = sizes.gridSize, !isResized, grid * grid < 20 {
      found.append(WeightsSetting("local", "minimum_patches", .integer(max(1, grid * grid / 4))))
    }
    guard let predictor = sizes.predictor, names.tensors[policy] != nil else {
      return found + [WeightsSetting("run", "tasks", .list([.text("local")]))]
    }
    let width = try names.sizes(of: policy, 2, file)[1] - predictor.width
    return found + [
      WeightsSetting("run", "tasks", .list(["local", "global", "domain"].map(OptionValue.text))),
      WeightsSetting("domain", "action_width", .integer(width)),
    ]
  }

  /// What to say of a tensor of the policy network where no task has one.
  static func remedy(forUnexpected parameter: String) -> String? {
    guard parameter.contains("policy_net") else { return nil }
    return
      "policy_net belongs to the domain task: add it to --tasks, or leave it out with --allow-unexpected "
      + "'predictor.policy_net.*'"
  }
}
