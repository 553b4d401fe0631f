import Imaging

/// Pictures in rows with words beside them, which the host draws (`EvaluationWorkspace.write`).
public struct PictureSheet: Sendable, Equatable {
  /// A picture with words below it.
  public struct Picture: Sendable, Equatable {
    /// 0 black and 1 white.
    public var image: GrayImage
    /// Short lines.
    public var captions: [String]
    /// Whether it stands out from the others.
    public var isFramed: Bool

    public init(_ image: GrayImage, captions: [String] = [], isFramed: Bool = false) {
      self.image = image
      self.captions = captions
      self.isFramed = isFramed
    }
  }

  /// Pictures beside one another, under a line of words.
  public struct Row: Sendable, Equatable {
    public var label: String
    /// Pictures that belong together; there is a gap between groups.
    public var groups: [[Picture]]

    public init(label: String, groups: [[Picture]]) {
      self.label = label
      self.groups = groups
    }
  }

  public var title: String
  /// Lines below the title, of what a stranger must know.
  public var notes: [String]
  public var rows: [Row]

  public init(title: String, notes: [String] = [], rows: [Row]) {
    self.title = title
    self.notes = notes
    self.rows = rows
  }
}
