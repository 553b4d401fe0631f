import Imaging

/// Pictures in rows with words beside them, which the host draws (`EvaluationWorkspace.write`).
public struct PictureSheet: Sendable, Equatable {
  /// What a picture is of.
  public enum Image: Sendable, Equatable {
    /// 0 black and 1 white.
    case gray(GrayImage)
    case color(ColorImage)

    /// Nil where it is in colours.
    public var gray: GrayImage? { if case .gray(let image) = self { image } else { nil } }

    public var width: Int {
      switch self {
      case .gray(let image): image.width
      case .color(let image): image.width
      }
    }
    public var height: Int {
      switch self {
      case .gray(let image): image.height
      case .color(let image): image.height
      }
    }
  }

  /// A place that is marked in a picture.
  public struct Mark: Sendable, Equatable {
    public enum Shape: Sendable, Equatable { case cross, ring }

    public var shape: Shape
    /// In the picture's pixels, whose middles are at whole numbers.
    public var row: Double
    public var column: Double

    public init(_ shape: Shape, row: Double, column: Double) {
      self.shape = shape
      self.row = row
      self.column = column
    }
  }

  /// A picture with words below it.
  public struct Picture: Sendable, Equatable {
    public var image: Image
    /// Short lines.
    public var captions: [String]
    /// Whether it stands out from the others.
    public var isFramed: Bool
    public var marks: [Mark]

    public init(
      _ image: GrayImage, captions: [String] = [], isFramed: Bool = false, marks: [Mark] = []
    ) {
      self.init(.gray(image), captions: captions, isFramed: isFramed, marks: marks)
    }

    public init(
      _ image: ColorImage, captions: [String] = [], isFramed: Bool = false, marks: [Mark] = []
    ) {
      self.init(.color(image), captions: captions, isFramed: isFramed, marks: marks)
    }

    private init(_ image: Image, captions: [String], isFramed: Bool, marks: [Mark]) {
      self.image = image
      self.captions = captions
      self.isFramed = isFramed
      self.marks = marks
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
  /// Of the longer side of each picture as it is drawn, in pixels. Default 140.
  public var pictureSide: Double

  public init(title: String, notes: [String] = [], rows: [Row], pictureSide: Double = 140) {
    self.title = title
    self.notes = notes
    self.rows = rows
    self.pictureSide = pictureSide
  }
}
