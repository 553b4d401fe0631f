import Foundation
import Imaging
import Radiographs
import Testing

/// A small public collection in memory, to be written as its owners lay it out; a test knows each pixel
/// of its masks.
struct MaskedTree {
  enum Layout: String, CaseIterable, Sendable {
    case siim, rsna, montgomery

    /// What is segmented.
    var mask: String {
      switch self {
      case .siim: "Pneumothorax"
      case .rsna: "Lung Opacity"
      case .montgomery: "lungs"
      }
    }

    /// The table of masks or boxes; nil where masks are files.
    var table: String? {
      switch self {
      case .siim: "train-rle.csv"
      case .rsna: "stage_2_train_labels.csv"
      case .montgomery: nil
      }
    }
  }

  /// A rectangle in 1024ths of a radiograph's width and height: SIIM-ACR and RSNA have 1024 pixels a side.
  struct Area {
    let left: Int
    let top: Int
    let width: Int
    let height: Int
  }

  struct Radiograph {
    let name: String
    let width: Int
    let height: Int
    /// Their union is the mask.
    let areas: [Area]

    var file: String { "images/\(name).png" }
    /// In the radiograph's own pixels.
    var truth: GrayImage { MaskedTree.mask(areas, width: width, height: height) }
  }

  let layout: Layout
  let radiographs: [Radiograph]
  /// Lines of the layout's table, the header first.
  var lines: [String] = []
  /// All else, by path.
  var files: [String: Data] = [:]

  /// Of three widths; every second of SIIM-ACR has a mask, every third of RSNA, each of Montgomery.
  init(_ layout: Layout) throws {
    self.layout = layout
    radiographs = (0..<(layout == .montgomery ? 10 : 20)).map { number in
      let digits = String(repeating: "0", count: number < 10 ? 3 : 2) + "\(number)"
      let areas = [
        Area(left: 300 + 4 * number, top: 200 + 8 * number, width: 150, height: 320),
        Area(left: 620 + 4 * number, top: 300, width: 160, height: 200),
      ]
      let (name, isEmpty) =
        switch layout {
        case .siim: ("1.2.276.0.\(digits)", number % 2 == 1)
        case .rsna: ("0004cfab-14fd-4e49-80ba-63a80b6b\(digits)", number % 3 > 0)
        case .montgomery: ("MCUCXR_\(digits)_\(number % 2)", false)
        }
      return Radiograph(name: name, width: 48 + 8 * (number % 3), height: 64, areas: isEmpty ? [] : areas)
    }
    for (number, radiograph) in radiographs.enumerated() {
      var image = GrayImage(width: radiograph.width, height: radiograph.height)
      for row in 0..<image.height {
        for column in 0..<image.width {
          image[row, column] = Float((40 + 2 * row + column + 3 * number) % 256) / 255
        }
      }
      files[radiograph.file] = try Self.png(image)
    }
    switch layout {
    case .siim: addRunLengths()
    case .rsna: addBoxes()
    case .montgomery: try addMasks()
    }
  }

  private mutating func addRunLengths() {
    lines = ["ImageId, EncodedPixels"]
    for radiograph in radiographs {
      // Down the columns, each gap counted from the end of the run before; a row for each area.
      lines += radiograph.areas.map { area in
        let next = " \(1024 - area.height) \(area.height)"
        return "\(radiograph.name), \(area.left * 1024 + area.top) \(area.height)"
          + String(repeating: next, count: area.width - 1)
      }
      if radiograph.areas.isEmpty { lines.append("\(radiograph.name), -1") }
    }
  }

  private mutating func addBoxes() {
    lines = ["patientId,x,y,width,height,Target"]
    var classes = ["patientId,class"]
    for (number, radiograph) in radiographs.enumerated() {
      lines += radiograph.areas.map {
        "\(radiograph.name),\($0.left).0,\($0.top).0,\($0.width).0,\($0.height).0,1"
      }
      classes += radiograph.areas.map { _ in "\(radiograph.name),Lung Opacity" }
      guard radiograph.areas.isEmpty else { continue }
      lines.append("\(radiograph.name),,,,,0")
      classes.append("\(radiograph.name)," + (number % 3 == 1 ? "Normal" : "No Lung Opacity / Not Normal"))
    }
    files["stage_2_detailed_class_info.csv"] = Data((classes.joined(separator: "\n") + "\n").utf8)
  }

  /// Masks of three times the radiographs' sizes, so that each pixel's middle is that of one of the mask.
  private mutating func addMasks() throws {
    for radiograph in radiographs {
      for (side, area) in zip(["left", "right"], radiograph.areas) {
        files[Self.maskFile(side, of: radiograph)] = try Self.png(
          Self.mask([area], width: 3 * radiograph.width, height: 3 * radiograph.height))
      }
    }
  }

  static func maskFile(_ side: String, of radiograph: Radiograph) -> String {
    "ManualMask/\(side)Mask/\(radiograph.name).png"
  }

  static func png(_ image: GrayImage) throws -> Data { Data(try PngWriter.encode(image)) }

  /// Pixels whose middle lies within one of the areas.
  static func mask(_ areas: [Area], width: Int, height: Int) -> GrayImage {
    func holds(_ start: Int, _ length: Int, _ place: Int, of count: Int) -> Bool {
      (2 * count * start..<2 * count * (start + length)).contains((2 * place + 1) * 1024)
    }
    var mask = GrayImage(width: width, height: height)
    for row in 0..<height {
      for column in 0..<width {
        let isIn = areas.contains {
          holds($0.left, $0.width, column, of: width) && holds($0.top, $0.height, row, of: height)
        }
        if isIn { mask[row, column] = 1 }
      }
    }
    return mask
  }

  /// Cuts a file in half.
  mutating func truncate(_ file: String) throws {
    let whole = try #require(files[file])
    files[file] = Data(whole.prefix(whole.count / 2))
  }

  /// Writes the collection in place of what was there.
  func write(to scratch: Scratch, _ folder: String) throws {
    if scratch.has(folder) { try FileManager.default.removeItem(atPath: scratch.path + "/" + folder) }
    for (path, bytes) in files { try scratch.write(bytes, folder + "/" + path) }
    if let table = layout.table {
      try scratch.write(Data((lines.joined(separator: "\n") + "\n").utf8), folder + "/" + table)
    }
  }
}
