/// Lays one thumbnail over another: whether two radiographs show the same picture although edges were cropped away or
/// brightness and contrast were changed.
struct AuditRegistration {
  /// Pictures that correlate this well, once aligned, are of one radiograph. In 4.3 million pairs of different
  /// radiographs the most was 0.986; of copies that were cropped by up to 5 % a side, brightened, resized and
  /// compressed, 95 % or more reach it.
  static let sameRadiograph: Float = 0.99
  /// After the first step the correlation to come is foreseen; what promises less is given up.
  private static let promising: Float = 0.90
  private static let steps = 8

  private static let side = AuditThumbnail.side
  private static let middle = Float(side - 1) / 2
  private let fixed: [Float]
  private let moving: [Float]
  /// Stretching and shift of rows and of columns, in cells.
  private var place = SIMD4<Float>(repeating: 0)

  private init(_ fixed: [UInt8], _ moving: [UInt8], isNegative: Bool) {
    self.fixed = fixed.map { Float($0) / 255 }
    self.moving = moving.map { isNegative ? 1 - Float($0) / 255 : Float($0) / 255 }
  }

  /// The best correlation found over small shifts and stretchings, at most 1.
  /// - Parameter isNegative: compares with the negative of `second`.
  static func correlation(_ first: AuditThumbnail, _ second: AuditThumbnail, isNegative: Bool)
    -> Float
  {
    var registration = AuditRegistration(first.cells, second.cells, isNegative: isNegative)
    return registration.search()
  }

  private mutating func search() -> Float {
    var best: Float = -1
    for step in 0...Self.steps {
      let products = self.products()
      let reached = products.correlation
      // No more to be gained.
      if reached < best + 0.0002 { return max(best, reached) }
      best = reached
      guard let solution = products.solution else { break }
      // What the linear model explains of the variance foretells the next correlation.
      if step == 0, max(products.explained(solution), 0).squareRoot() < Self.promising { break }
      let gain = abs(solution[0]) > 0.05 ? Float(solution[0]) : 0.05
      for index in 0..<4 {
        let change = min(max(Float(solution[2 + index]) / gain, -2), 2)
        place[index] = min(max(place[index] + change, -4), 4)
      }
    }
    return best
  }

  /// A Gauss–Newton step's sums, over cells whose counterpart lies within the other thumbnail.
  private func products() -> Products {
    let side = Self.side
    let warped = warp()
    var products = Products()
    warped.values.withUnsafeBufferPointer { values in
      fixed.withUnsafeBufferPointer { fixed in
        for row in 0..<side where warped.rows[row] {
          let (up, down) = (max(row - 1, 0) * side, min(row + 1, side - 1) * side)
          let downScale: Float = down - up > side ? 0.5 : 1
          let tall = (Float(row) - Self.middle) / 16
          var line = Products.Line()
          for column in 0..<side where warped.columns[column] {
            let (left, right) = (max(column - 1, 0), min(column + 1, side - 1))
            let vertical = (values[down + column] - values[up + column]) * downScale
            let horizontal =
              (values[row * side + right] - values[row * side + left]) * (right - left > 1 ? 0.5 : 1)
            let wide = (Float(column) - Self.middle) / 16
            line.add(
              SIMD8(
                values[row * side + column], 1, vertical * tall, vertical, horizontal * wide, horizontal,
                fixed[row * side + column], 0))
          }
          products.add(line)
        }
      }
    }
    return products
  }

  /// The moving thumbnail as it lies now, and which rows and columns of it are known.
  private func warp() -> (values: [Float], rows: [Bool], columns: [Bool]) {
    let side = Self.side
    func places(_ stretch: Float, _ shift: Float) -> [Float] {
      (0..<side).map { Float($0) + shift + stretch * (Float($0) - Self.middle) / 16 }
    }
    let (rows, columns) = (places(place[0], place[1]), places(place[2], place[3]))
    func split(_ place: Float) -> (index: Int, share: Float) {
      let inside = min(max(place, 0), Float(side - 1))
      let index = min(Int(inside), side - 2)
      return (index, inside - Float(index))
    }
    let across = columns.map(split)
    var values = [Float](repeating: 0, count: side * side)
    for row in 0..<side {
      let (top, down) = split(rows[row])
      for column in 0..<side {
        let (left, right) = across[column]
        let base = top * side + left
        let upper = moving[base] * (1 - right) + moving[base + 1] * right
        let lower = moving[base + side] * (1 - right) + moving[base + side + 1] * right
        values[row * side + column] = upper * (1 - down) + lower * down
      }
    }
    let isInside = { (place: Float) in place >= 0 && place <= Float(side - 1) }
    return (values, rows.map(isInside), columns.map(isInside))
  }
}

/// Sums over cells of the products of any two of: the moving value, 1, the four derivatives by the placement, and the
/// fixed value. Correlation and least squares both follow from them.
private struct Products {
  /// The sums of one line, in single precision.
  struct Line {
    typealias Row = SIMD8<Float>
    private(set) var rows: (Row, Row, Row, Row, Row, Row, Row) = (
      .zero, .zero, .zero, .zero, .zero, .zero, .zero
    )

    mutating func add(_ cell: Row) {
      rows.0 += cell * cell[0]
      rows.1 += cell * cell[1]
      rows.2 += cell * cell[2]
      rows.3 += cell * cell[3]
      rows.4 += cell * cell[4]
      rows.5 += cell * cell[5]
      rows.6 += cell * cell[6]
    }
  }

  /// Unknowns: gain, offset, and the four of the placement. The fixed value stands after them.
  private static let size = 6
  private var sums = [SIMD8<Double>](repeating: .zero, count: size + 1)

  mutating func add(_ line: Line) {
    let rows = line.rows
    for (place, row) in [rows.0, rows.1, rows.2, rows.3, rows.4, rows.5, rows.6].enumerated() {
      sums[place] += SIMD8<Double>(row)
    }
  }

  /// Of fixed and moving values; 0 where either does not vary.
  var correlation: Float {
    let (moving, one, fixed) = (0, 1, Self.size)
    let count = sums[one][one]
    let variances =
      (sums[moving][moving] * count - sums[moving][one] * sums[moving][one])
      * (sums[fixed][fixed] * count - sums[fixed][one] * sums[fixed][one])
    guard variances > 1e-9 else { return 0 }
    return Float(
      (sums[fixed][moving] * count - sums[fixed][one] * sums[moving][one]) / variances.squareRoot())
  }

  /// Share of the fixed values' variance that a solution explains.
  func explained(_ solution: [Double]) -> Float {
    let wanted = sums[Self.size]
    let variance = wanted[Self.size] - wanted[1] * wanted[1] / sums[1][1]
    guard variance > 1e-9 else { return 0 }
    let fitted = (0..<Self.size).reduce(0.0) { $0 + solution[$1] * wanted[$1] }
    return Float(1 - (wanted[Self.size] - fitted) / variance)
  }

  /// The least squares' solution, by Gaussian elimination with pivoting; nil where the sums do not decide.
  var solution: [Double]? {
    let size = Self.size
    var rows = sums.prefix(size)
    for place in 0..<size { rows[place][place] += 1e-6 }
    for column in 0..<size {
      var pivot = column
      for row in column..<size where abs(rows[row][column]) > abs(rows[pivot][column]) { pivot = row }
      guard abs(rows[pivot][column]) > 1e-12 else { return nil }
      rows.swapAt(column, pivot)
      for row in column + 1..<size {
        rows[row] -= rows[column] * (rows[row][column] / rows[column][column])
      }
    }
    var solution = [Double](repeating: 0, count: size)
    for row in (0..<size).reversed() {
      var rest = rows[row][size]
      for column in row + 1..<size { rest -= rows[row][column] * solution[column] }
      solution[row] = rest / rows[row][row]
    }
    return solution
  }
}
