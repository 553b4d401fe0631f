/// Lays one thumbnail over another: whether two films show the same picture although edges were cropped away or
/// brightness and contrast were changed.
struct AuditRegistration {
  /// Pictures that correlate this well, once aligned, are of one film. In 4.3 million pairs of different films the
  /// most was 0.986; of copies that were cropped by up to 5 % a side, brightened, resized and compressed, 95 % or more
  /// reach it.
  static let sameFilm: Float = 0.99
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
  static func correlation(_ first: AuditThumbnail, _ second: AuditThumbnail, isNegative: Bool) -> Float {
    var registration = AuditRegistration(first.cells, second.cells, isNegative: isNegative)
    return registration.search()
  }

  private mutating func search() -> Float {
    var best: Float = -1
    for step in 0...Self.steps {
      var normal = NormalEquations()
      var pairs = Moments()
      gather(&normal, &pairs)
      let reached = pairs.correlation
      if reached < best - 0.002 { break }
      best = max(best, reached)
      if best > 0.9995 { break }
      guard let solution = normal.solve() else { break }
      // The gain of the linear model explains this share of the variance.
      if step == 0, max(normal.explained(solution), 0).squareRoot() < Self.promising { break }
      let gain = abs(solution[0]) > 0.05 ? Float(solution[0]) : 0.05
      for index in 0..<4 {
        let change = min(max(Float(solution[2 + index]) / gain, -2), 2)
        place[index] = min(max(place[index] + change, -4), 4)
      }
    }
    return best
  }

  /// One Gauss–Newton step's sums over cells whose counterpart lies within the other thumbnail.
  private func gather(_ normal: inout NormalEquations, _ pairs: inout Moments) {
    let side = Self.side
    let warped = warp()
    func at(_ row: Int, _ column: Int) -> Float { warped.values[row * side + column] }
    for row in 0..<side where warped.rows[row] {
      let (up, down) = (max(row - 1, 0), min(row + 1, side - 1))
      let tall = (Float(row) - Self.middle) / 16
      for column in 0..<side where warped.columns[column] {
        let (left, right) = (max(column - 1, 0), min(column + 1, side - 1))
        let vertical = (at(down, column) - at(up, column)) / Float(down - up)
        let horizontal = (at(row, right) - at(row, left)) / Float(right - left)
        let wide = (Float(column) - Self.middle) / 16
        let value = at(row, column)
        pairs.add(fixed[row * side + column], value)
        normal.add(
          (value, 1, vertical * tall, vertical, horizontal * wide, horizontal), fixed[row * side + column])
      }
    }
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

/// Sums from which a correlation follows.
private struct Moments {
  private var (count, first, second, firstSquare, secondSquare, product) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

  mutating func add(_ one: Float, _ other: Float) {
    let (one, other) = (Double(one), Double(other))
    count += 1
    first += one
    second += other
    firstSquare += one * one
    secondSquare += other * other
    product += one * other
  }

  /// 0 where either side does not vary.
  var correlation: Float {
    let (a, b) = (firstSquare * count - first * first, secondSquare * count - second * second)
    guard a > 1e-9, b > 1e-9 else { return 0 }
    return Float((product * count - first * second) / (a * b).squareRoot())
  }
}

/// Least squares in six unknowns: gain, offset, and the four of the placement.
private struct NormalEquations {
  private static let size = 6
  private var matrix = [Double](repeating: 0, count: 36)
  private var right = [Double](repeating: 0, count: 6)
  private var (count, sum, squares) = (0.0, 0.0, 0.0)

  mutating func add(_ row: (Float, Float, Float, Float, Float, Float), _ wanted: Float) {
    withUnsafeBytes(of: row) { bytes in
      let row = bytes.bindMemory(to: Float.self)
      for first in 0..<Self.size {
        let value = Double(row[first])
        right[first] += value * Double(wanted)
        for second in first..<Self.size { matrix[first * Self.size + second] += value * Double(row[second]) }
      }
    }
    count += 1
    sum += Double(wanted)
    squares += Double(wanted) * Double(wanted)
  }

  /// Share of the wanted values' variance that a solution explains.
  func explained(_ solution: [Double]) -> Float {
    let variance = squares - sum * sum / count
    guard variance > 1e-9 else { return 0 }
    let fitted = zip(solution, right).reduce(0) { $0 + $1.0 * $1.1 }
    return Float(1 - (squares - fitted) / variance)
  }

  /// Gaussian elimination with pivoting; nil where the equations do not decide.
  func solve() -> [Double]? {
    let size = Self.size
    var rows = (0..<size).map { row in
      (0..<size).map { matrix[min(row, $0) * size + max(row, $0)] + (row == $0 ? 1e-6 : 0) } + [right[row]]
    }
    for column in 0..<size {
      let pivot = (column..<size).max { abs(rows[$0][column]) < abs(rows[$1][column]) }!
      guard abs(rows[pivot][column]) > 1e-12 else { return nil }
      rows.swapAt(column, pivot)
      for row in column + 1..<size {
        let factor = rows[row][column] / rows[column][column]
        for place in column...size { rows[row][place] -= factor * rows[column][place] }
      }
    }
    var solution = [Double](repeating: 0, count: size)
    for row in (0..<size).reversed() {
      let known = (row + 1..<size).reduce(0) { $0 + rows[row][$1] * solution[$1] }
      solution[row] = (rows[row][size] - known) / rows[row][row]
    }
    return solution
  }
}
