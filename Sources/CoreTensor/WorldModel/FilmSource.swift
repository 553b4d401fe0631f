import Imaging

/// What is known of one film besides its pixels.
public struct FilmRecord: Sendable, Equatable, Codable {
  /// A name unique within the source: a path relative to its root, or a number.
  public var identifier: String
  /// The patient, where known; hold-out and splits are made by patient.
  public var patient: String?
  /// The split that the source names, where it names one.
  public var split: String?
  /// Findings present. Empty without labels, and for a film known to have none.
  public var findings: Set<String>
  /// Further columns by name, for filters such as `source=kermany`.
  public var attributes: [String: String]

  public init(
    identifier: String, patient: String? = nil, split: String? = nil, findings: Set<String> = [],
    attributes: [String: String] = [:]
  ) {
    self.identifier = identifier
    self.patient = patient
    self.split = split
    self.findings = findings
    self.attributes = attributes
  }
}

/// A collection of radiographs.
public protocol FilmSource: Sendable {
  /// A line for logs: `"phantom, seed 0, 1024 films"`.
  var summary: String { get }
  /// One record for each film, in a fixed order.
  var records: [FilmRecord] { get }
  /// Every finding that labels may name, sorted; empty where the source has no labels.
  var findingNames: [String] { get }
  /// Decodes film `index` to grey in [0, 1]. Called from several threads at once; the same index always gives
  /// the same pixels.
  /// - Throws: `UnusableFilm` for a film that a run should skip.
  func film(at index: Int) throws -> GrayImage
  /// What is known to be true of film `index`: masks and landmarks; nil where the source knows nothing.
  func truth(at index: Int) throws -> FilmTruth?
}

extension FilmSource {
  public func truth(at index: Int) throws -> FilmTruth? { nil }
}

/// Ground truth of one film, in its own pixels.
public struct FilmTruth: Sendable, Equatable {
  /// 0 or 1 for each pixel, by name: `"lungs"`, or a finding.
  public var masks: [String: GrayImage]
  /// Centre of a landmark by name, as (row, column) in pixels, fractions allowed.
  public var landmarks: [String: Landmark]

  public init(masks: [String: GrayImage], landmarks: [String: Landmark]) {
    self.masks = masks
    self.landmarks = landmarks
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

/// A film that cannot be used, and why; the run skips it, counts it and lists it.
public struct UnusableFilm: Error, Sendable, Equatable, CustomStringConvertible {
  public let identifier: String
  public let reason: String
  public init(identifier: String, reason: String) {
    self.identifier = identifier
    self.reason = reason
  }
  public var description: String { "\(identifier): \(reason)" }
}

/// A data plugin as it registers itself: `kind = "data"` in `plugins.toml`.
public struct DataSourceDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  /// Makes the source from its resolved options and the run's seed.
  public let make: @Sendable (Options, UInt64) throws -> any FilmSource

  public init(
    name: String, summary: String, options: [OptionDeclaration],
    make: @escaping @Sendable (Options, UInt64) throws -> any FilmSource
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.make = make
  }
}
