import Imaging
import WorldModel

/// What a collection knows to be true of a radiograph, as its owners wrote it; brought to the radiograph's size when
/// asked for.
struct KnownTruth: Sendable, Equatable {
  struct Size: Sendable, Equatable {
    let width: Double
    let height: Double
  }

  var boxes: [RadiographTruth.Box] = []
  var landmarks: [String: RadiographTruth.Landmark] = [:]
  /// The size of the radiograph in whose pixels boxes and landmarks are given; nil: as it is stored here.
  var size: Size?
  /// Run lengths by mask; the rows of one mask are united.
  var runLengths: [String: [RunLengths]] = [:]
  /// Files, relative to the folder, whose union makes a mask.
  var maskFiles: [String: [String]] = [:]

  /// Truth in the pixels of the radiograph as its source decodes it; nil where its file says nothing of its size.
  /// - Parameter radiograph: decodes it, where only the codec knows to what size.
  func scaled(
    _ header: ImageHeader?, files: RadiographFiles, identifier: String, radiograph: () throws -> GrayImage
  ) throws -> RadiographTruth? {
    guard let header else { return nil }
    var (width, height) = (header.width, header.height)
    if files.decoder.shorterSide != nil {
      let radiograph = try radiograph()
      (width, height) = (radiograph.width, radiograph.height)
    }
    return try scaled(
      width: width, height: height,
      stored: Size(width: Double(header.width), height: Double(header.height)), files: files,
      identifier: identifier)
  }

  /// Truth in the pixels of a radiograph.
  /// - Parameters:
  ///   - width, height: of the radiograph as it is decoded.
  ///   - stored: its size in its file.
  /// - Throws: `UnusableRadiograph` where a mask cannot be used or a box lies outside its radiograph.
  func scaled(
    width: Int, height: Int, stored: Size, files: RadiographFiles, identifier: String
  ) throws -> RadiographTruth {
    let space = size ?? stored
    let (across, down) = (Double(width) / space.width, Double(height) / space.height)
    var truth = RadiographTruth()
    truth.boxes = try boxes.map { box in
      // Half a percent beyond the edge is a reader's hand; more is a radiograph that was made smaller than its boxes.
      func lies(_ start: Double, _ length: Double, within side: Double) -> Bool {
        start >= -0.005 * side - 1 && start + length <= side * 1.005 + 1
      }
      guard box.width > 0, box.height > 0 else {
        throw UnusableRadiograph(
          identifier: identifier,
          reason:
            "its box around \"\(box.finding)\" is \(box.width) wide and \(box.height) high; more than 0 is expected"
        )
      }
      guard lies(box.column, box.width, within: space.width), lies(box.row, box.height, within: space.height)
      else {
        throw UnusableRadiograph(
          identifier: identifier,
          reason:
            "its box around \"\(box.finding)\" reaches from column \(box.column), row \(box.row) to column "
            + "\(box.column + box.width), row \(box.row + box.height), but the radiograph has \(Int(space.width)) × "
            + "\(Int(space.height)) pixels; boxes are "
            + "in the pixels of the owners' radiographs")
      }
      return RadiographTruth.Box(
        finding: box.finding, row: box.row * down, column: box.column * across, height: box.height * down,
        width: box.width * across)
    }
    truth.landmarks = landmarks.mapValues { .init(row: $0.row * down, column: $0.column * across) }
    truth.masks = runLengths.mapValues { RunLengths.mask($0, width: width, height: height) }
    for (name, paths) in maskFiles {
      do {
        truth.masks[name] = try Self.union(paths, width: width, height: height, files: files)
      } catch let mask as UnusableRadiograph {
        throw UnusableRadiograph(
          identifier: identifier, reason: "its mask \(mask.identifier): \(mask.reason)")
      }
    }
    return truth
  }

  private static func union(_ paths: [String], width: Int, height: Int, files: RadiographFiles) throws
    -> GrayImage
  {
    var decoder = files.decoder
    decoder.shorterSide = nil
    var pixels = [Float](repeating: 0, count: width * height)
    for path in paths {
      let mask = try decoder.decode(path: files.path(of: path), identifier: path)
      let (radiograph, own) = (Double(width) / Double(height), Double(mask.width) / Double(mask.height))
      guard abs(radiograph / own - 1) < 0.02 else {
        throw UnusableRadiograph(
          identifier: path,
          reason:
            "the mask has \(mask.width) × \(mask.height) pixels, its radiograph \(width) × \(height): another shape"
        )
      }
      let rows = RunLengths.nearest(height, of: mask.height)
      let columns = RunLengths.nearest(width, of: mask.width)
      for row in 0..<height {
        for column in 0..<width where mask.pixels[rows[row] * mask.width + columns[column]] >= 0.5 {
          pixels[row * width + column] = 1
        }
      }
    }
    return GrayImage(width: width, height: height, pixels: pixels)
  }
}
