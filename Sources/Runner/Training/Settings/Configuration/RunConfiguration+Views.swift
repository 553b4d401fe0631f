import WorldModel

extension ViewSettings {
  /// `[views]` of the settings.
  static let table = ConfigurationTable(
    "views", "How crops are cut from a radiograph, and the jitter of the whole radiograph before.", Self()
  ) {
    Setting("area", \.area, in: 0.01...1, help: "Area of a crop, as a fraction of the radiograph's.")
    Setting(
      "aspect", \.aspect, in: 0.1...10, help: "Width over height of a crop, drawn on a logarithmic scale.")
    Setting(
      "mirror_probability", \.mirrorProbability, in: 0...1,
      help: "How often a crop is mirrored left to right.")
    Setting(
      "jitter_probability", \.jitterProbability, in: 0...1,
      help: "How often the whole radiograph's look is changed.")
    Setting(
      "jitter_brightness", \.jitterBrightness, in: 0...10, help: "Factor of brightness of that change.")
    Setting("jitter_contrast", \.jitterContrast, in: 0...10, help: "Factor of contrast of that change.")
  }
}
