import Imaging

/// A mask's contour, in elements that lie where the corners of four pixels meet; what lies outside the image is
/// background.
struct Contour {
  /// Whether the contour passes each corner; one row and one column more than there are pixels.
  let corners: Mask
  /// Its length at each corner in millimetres; 0 where it does not pass.
  let lengths: [Double]

  /// - Parameters:
  ///   - mask: what the contour encloses.
  ///   - rows: outside which the mask is empty.
  ///   - columns: outside which the mask is empty.
  ///   - spacing: of pixels.
  init(_ mask: Mask, rows: Range<Int>, columns: Range<Int>, spacing: PixelSpacing) {
    let width = columns.count + 1
    var neighbours = [UInt8](repeating: 0, count: (rows.count + 1) * width)
    for row in rows {
      for column in columns where mask.pixels[row * mask.columns + column] {
        // A pixel is the lower right neighbour of the corner before it, and the upper left of that behind it.
        let corner = (row - rows.lowerBound) * width + column - columns.lowerBound
        neighbours[corner] |= 0b0001
        neighbours[corner + 1] |= 0b0010
        neighbours[corner + width] |= 0b0100
        neighbours[corner + width + 1] |= 0b1000
      }
    }
    let lengthOfNeighbours = (0..<16).map { Self.length(neighbours: $0, spacing) }
    lengths = neighbours.map { lengthOfNeighbours[Int($0)] }
    corners = Mask(rows: rows.count + 1, columns: width, pixels: lengths.map { $0 > 0 })
  }

  /// Length of contour between four pixels, by marching squares.
  /// - Parameter neighbours: bits of upper left, upper right, lower left, lower right from the highest down.
  private static func length(neighbours: Int, _ spacing: PixelSpacing) -> Double {
    let diagonal = (spacing.row * spacing.row + spacing.column * spacing.column).squareRoot()
    switch neighbours {
    case 0b0000, 0b1111: return 0
    case 0b1100, 0b0011: return spacing.column
    case 0b1010, 0b0101: return spacing.row
    // Two opposite pixels, each of which is cut off by half a diagonal.
    case 0b1001, 0b0110: return diagonal
    default: return diagonal / 2
    }
  }
}
