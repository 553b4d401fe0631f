import CoreTensor

/// Distance between the centres of neighbouring pixels, in millimetres.
public struct PixelSpacing: Sendable, Equatable {
  /// From a row to the next.
  public let row: Double
  /// From a column to the next.
  public let column: Double

  /// In the order of DICOM's Pixel Spacing (0028,0030).
  /// - Parameters:
  ///   - row: from a row to the next, in millimetres.
  ///   - column: from a column to the next, in millimetres.
  /// - Precondition: both are positive and finite.
  public init(row: Double, column: Double) {
    require(
      row > 0 && row.isFinite && column > 0 && column.isFinite,
      "PixelSpacing: expected positive millimetres, found row \(row), column \(column)")
    (self.row, self.column) = (row, column)
  }

  /// Square pixels of 1 mm, so that distances are in pixels.
  public static let one = PixelSpacing(row: 1, column: 1)
}
