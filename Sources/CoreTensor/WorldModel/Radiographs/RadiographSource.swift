import Imaging

/// What is known of one radiograph besides its pixels.
public struct RadiographRecord: Sendable, Equatable, Codable {
  /// A name unique within the source: a path relative to its root, or a number.
  public var identifier: String
  /// The patient, where known; hold-out and splits are made by patient.
  public var patient: String?
  /// The split that the source names, where it names one.
  public var split: String?
  /// How the radiograph was taken, where known.
  public var view: RadiographView?
  /// Findings present. Empty without labels, and for a radiograph known to have none.
  public var findings: Set<String>
  /// Findings of which nothing is known for this radiograph: not labelled, or labelled as uncertain. Whoever counts or
  /// trains on a finding leaves the radiograph out.
  public var unknown: Set<String>
  /// Further columns by name, for filters such as `source=kermany`.
  public var attributes: [String: String]

  public init(
    identifier: String, patient: String? = nil, split: String? = nil, view: RadiographView? = nil,
    findings: Set<String> = [], unknown: Set<String> = [], attributes: [String: String] = [:]
  ) {
    self.identifier = identifier
    self.patient = patient
    self.split = split
    self.view = view
    self.findings = findings
    self.unknown = unknown
    self.attributes = attributes
  }

  /// Whether the radiograph has a finding; nil where that is not known.
  public func label(of finding: String) -> Bool? {
    unknown.contains(finding) ? nil : findings.contains(finding)
  }

  /// Whose radiographs stay together where radiographs are split, drawn or compared: a patient's, however the number is
  /// written (`PatientIdentifier`); radiographs without one are each their own.
  public var patientKey: String {
    patient.flatMap(PatientIdentifier.init).map { "patient " + $0.key } ?? "radiograph " + identifier
  }
}

extension RadiographRecord {
  /// Of the pixels of its file: the attribute `pixel_spacing`, else the header's tag of that name; nil without either.
  public func storedSpacing(_ header: ImageHeader?) -> PixelSpacing? {
    let own = attributes[ImageHeader.Tag.pixelSpacing].flatMap(PixelSpacing.init)
    return own ?? header?.tags[ImageHeader.Tag.pixelSpacing].flatMap(PixelSpacing.init)
  }
}

/// A collection of radiographs.
public protocol RadiographSource: Sendable {
  /// A line for logs: `"phantom, seed 0, 1024 radiographs"`.
  var summary: String { get }
  /// One record for each radiograph, in a fixed order.
  var records: [RadiographRecord] { get }
  /// Every finding that labels may name, sorted; empty where the source has no labels.
  var findingNames: [String] { get }
  /// Decodes radiograph `index` to grey in [0, 1]. Called from several threads at once; the same index always gives
  /// the same pixels.
  /// - Throws: `UnusableRadiograph` for a radiograph that a run should skip.
  func radiograph(at index: Int) throws -> GrayImage
  /// What is known to be true of radiograph `index`: masks, landmarks and boxes; nil where the source knows nothing.
  func truth(at index: Int) throws -> RadiographTruth?
  /// What the file of radiograph `index` says of itself; nil where the source makes its radiographs. Much cheaper than
  /// the radiograph.
  /// - Throws: `UnusableRadiograph`.
  func header(at index: Int) throws -> ImageHeader?
  /// What the user should know: how many radiographs were left out, and why.
  var notes: [String] { get }
  /// Whether radiographs come about as fast as from memory, so that keeping them would only copy them. Default false.
  var radiographsAreCheap: Bool { get }
}

extension RadiographSource {
  public func truth(at index: Int) throws -> RadiographTruth? { nil }
  public func header(at index: Int) throws -> ImageHeader? { nil }
  public var notes: [String] { [] }
  public var radiographsAreCheap: Bool { false }
}

extension RadiographSource {
  /// How far apart the pixels of `radiograph` are, which is radiograph `index` as it was decoded, whole; nil where nothing
  /// says it. That is what its record says under `pixel_spacing` for the pixels of its file, else what the file itself says.
  /// - Throws: `UnusableRadiograph`.
  public func pixelSpacing(at index: Int, of radiograph: GrayImage) throws -> PixelSpacing? {
    let header = try header(at: index)
    return records[index].storedSpacing(header)?.scaled(
      rows: Double(header?.height ?? radiograph.height) / Double(radiograph.height),
      columns: Double(header?.width ?? radiograph.width) / Double(radiograph.width))
  }
}

/// Ground truth of one radiograph, in its own pixels.
public struct RadiographTruth: Sendable, Equatable {
  /// 0 or 1 for each pixel, by name: `"lungs"`, or a finding.
  public var masks: [String: GrayImage]
  /// 0 or 1 for each pixel, by the name of a thing that is no part of the patient and no finding: `"marker"`. Apart from
  /// `masks`, so that nobody who takes all of those as classes learns to draw them.
  public var objects: [String: GrayImage]
  /// Centre of a landmark by name, as (row, column) in pixels, fractions allowed.
  public var landmarks: [String: Landmark]
  /// Rectangles around findings, as their readers drew them; several may bear one name.
  public var boxes: [Box]

  public init(
    masks: [String: GrayImage] = [:], objects: [String: GrayImage] = [:],
    landmarks: [String: Landmark] = [:], boxes: [Box] = []
  ) {
    self.masks = masks
    self.objects = objects
    self.landmarks = landmarks
    self.boxes = boxes
  }

  /// A rectangle in pixels; the corner is the top left one, and fractions are allowed.
  public struct Box: Sendable, Equatable {
    public var finding: String
    public var row: Double
    public var column: Double
    public var height: Double
    public var width: Double

    public init(finding: String, row: Double, column: Double, height: Double, width: Double) {
      self.finding = finding
      self.row = row
      self.column = column
      self.height = height
      self.width = width
    }
  }

  public struct Landmark: Sendable, Equatable {
    public var row: Double
    public var column: Double
    public init(row: Double, column: Double) {
      self.row = row
      self.column = column
    }
  }
}

/// A radiograph that cannot be used, and why; the run skips it, counts it and lists it.
public struct UnusableRadiograph: Error, Sendable, Equatable, CustomStringConvertible {
  public let identifier: String
  public let reason: String
  public init(identifier: String, reason: String) {
    self.identifier = identifier
    self.reason = reason
  }
  public var description: String { "\(identifier.printable): \(reason.printable)" }
}

/// A data plugin as it registers itself: `kind = "data"` in `plugins.toml`.
public struct DataSourceDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  /// Values of its options under presets of the program, by the preset's name: how many radiographs a quick run takes,
  /// say.
  public let presets: [String: [String: OptionValue]]
  /// The command `chex-runner NAME`, which writes the source's radiographs; nil where it has none of its own.
  public let command: DataCommand?
  /// Makes the source from its resolved options and the run's seed.
  public let make: @Sendable (Options, UInt64) throws -> any RadiographSource

  /// - Parameters:
  ///   - name: of the plugin, and of its command.
  ///   - summary: one line.
  ///   - options: that it takes.
  ///   - presets: values of options under presets; none unless given.
  ///   - command: a command that writes its radiographs; none unless given.
  ///   - make: throws where the options do not fit together, or lead to no radiographs.
  public init(
    name: String, summary: String, options: [OptionDeclaration],
    presets: [String: [String: OptionValue]] = [:], command: DataCommand? = nil,
    make: @escaping @Sendable (Options, UInt64) throws -> any RadiographSource
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.presets = presets
    self.command = command
    self.make = make
  }
}

/// A command of the program that a data plugin brings: `chex-runner NAME --out DIR` writes its radiographs with all
/// that is known of them. Every option of the plugin is a flag of the command.
public struct DataCommand: Sendable, Equatable {
  /// A line that one could type, and what it does.
  public struct Example: Sendable, Equatable {
    public let line: String
    public let meaning: String

    public init(_ line: String, _ meaning: String) { (self.line, self.meaning) = (line, meaning) }
  }

  /// One line for the list of commands, without a full stop.
  public let summary: String
  /// Flags in place of those that options' names give (`finding_rate` is `--finding-rate`), dashes included, by the
  /// option's name.
  public let flags: [String: String]
  /// Values of options where the command line gives none; those of the registry and then defaults hold for the others.
  public let values: [String: OptionValue]
  public let examples: [Example]

  /// - Parameters:
  ///   - summary: one line without a full stop.
  ///   - flags: flags of another name than their options; none unless given.
  ///   - values: of options that the command line does not give; none unless given.
  ///   - examples: lines that one could type; none unless given.
  public init(
    summary: String, flags: [String: String] = [:], values: [String: OptionValue] = [:],
    examples: [Example] = []
  ) {
    (self.summary, self.flags, self.values, self.examples) = (summary, flags, values, examples)
  }
}
