import COpenBLAS
import CoreTensor
import Foundation

/// The LAPACK routines that evaluation needs.
public enum LinearAlgebra {
  /// OpenBLAS maps 128 MiB for a thread that calls it, and asks again for ever where the system has none; here the
  /// process ends with a sentence instead.
  static func checkMemory() {
    let bytes = 136 << 20
    let place = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let place, place != MAP_FAILED else { failForWantOfMemory(bytes: bytes, for: "by OpenBLAS") }
    munmap(place, bytes)
  }

  /// Eigenvalues, ascending, of the symmetric matrix whose upper triangle is given row-major.
  public static func eigenvalues(upper: [Double], order: Int) -> [Double] {
    var (matrix, values) = (upper, [Double](repeating: 0, count: order))
    var (size, info) = (Int32(order), Int32(0))
    // LAPACK reads columns first, so that our upper triangle is its lower one.
    var work = [Double](repeating: 0, count: max(1, 2 * order + 1))
    var integers = [Int32](repeating: 0, count: 1)
    var (workSize, integerSize) = (Int32(work.count), Int32(1))
    checkMemory()
    dsyevd_("N", "L", &size, &matrix, &size, &values, &work, &workSize, &integers, &integerSize, &info)
    require(info == 0, "LinearAlgebra.eigenvalues: LAPACK dsyevd gave \(info) for order \(order)")
    return values
  }

  /// Eigenvalues, ascending, of the symmetric matrix whose upper triangle is given row-major, and a unit eigenvector of
  /// each: rows of `order`, in the values' order, of either sign.
  public static func eigenvectors(upper: [Double], order: Int) -> (values: [Double], vectors: [Double]) {
    var (matrix, values) = (upper, [Double](repeating: 0, count: order))
    var (size, info) = (Int32(order), Int32(0))
    var work = [Double](repeating: 0, count: 1 + 6 * order + 2 * order * order)
    var integers = [Int32](repeating: 0, count: 3 + 5 * order)
    var (workSize, integerSize) = (Int32(work.count), Int32(integers.count))
    checkMemory()
    // LAPACK writes vectors as columns and reads columns first, so that they are our rows.
    dsyevd_("V", "L", &size, &matrix, &size, &values, &work, &workSize, &integers, &integerSize, &info)
    require(info == 0, "LinearAlgebra.eigenvectors: LAPACK dsyevd gave \(info) for order \(order)")
    return (values, matrix)
  }

  /// Solves A x = b for a symmetric positive definite A whose upper triangle is given row-major.
  /// - Returns: nil where A is not positive definite.
  public static func solve(upper: [Double], _ right: [Double]) -> [Double]? {
    var (matrix, solution) = (upper, right)
    var (size, one, info) = (Int32(right.count), Int32(1), Int32(0))
    checkMemory()
    dposv_("L", &size, &one, &matrix, &size, &solution, &size, &info)
    return info == 0 ? solution : nil
  }
}
