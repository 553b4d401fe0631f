import CoreTensor

extension PositionEncoding {
  /// Encodings of the places of several images, `(images, places, width)`, on a device.
  /// - Parameters:
  ///   - images: how many there are.
  ///   - places: of each image.
  ///   - device: where they are wanted.
  ///   - place: the row and the column of a place of an image, by their numbers.
  public func encodings(
    images: Int, places: Int, on device: any Device,
    place: @Sendable (_ image: Int, _ index: Int) -> (row: Double, column: Double)
  ) -> Tensor {
    guard device.isHostMemory else {
      return gatheredEncodings(images: images, places: places, on: device, place: place)
    }
    return Tensor([images, places, width], on: device) { values in
      // Images are written to places apart.
      nonisolated(unsafe) let start = values.baseAddress
      Compute.parallel(images) { image in
        write(places, place: { place(image, $0) }, to: start! + image * places * width)
      }
    }
  }

  /// The same numbers where the host's memory is far: what travels is the halves that differ, and where they belong.
  func gatheredEncodings(
    images: Int, places: Int, on device: any Device,
    place: @Sendable (_ image: Int, _ index: Int) -> (row: Double, column: Double)
  ) -> Tensor {
    let found = Compute.map(images) { image in
      let own = (0..<places).map { place(image, $0) }
      return (rows: Distinct(own.map(\.row)), columns: Distinct(own.map(\.column)))
    }
    let (rows, columns) = (half(found.map(\.rows), on: device), half(found.map(\.columns), on: device))
    let all = concatenate(order == .rowFirst ? [rows, columns] : [columns, rows], axis: 2)
    return reshape(all, [images, places, width])
  }

  /// Coordinates without repeats, and the number of each place's among them.
  private struct Distinct: Sendable {
    var coordinates: [Double] = []
    var numbers: [Int] = []

    init(_ all: [Double]) {
      for coordinate in all {
        // There are few: the rows or columns of one crop.
        let known = coordinates.firstIndex(of: coordinate)
        numbers.append(known ?? coordinates.count)
        if known == nil { coordinates.append(coordinate) }
      }
    }
  }

  /// One axis of every place, `(1, all places, width / 2)`.
  private func half(_ images: [Distinct], on device: any Device) -> Tensor {
    var known: [Double: Int] = [:]
    var coordinates: [Double] = []
    let rows = images.flatMap { image in
      let own = image.coordinates.map { coordinate in
        if let number = known[coordinate] { return number }
        known[coordinate] = coordinates.count
        coordinates.append(coordinate)
        return coordinates.count - 1
      }
      return image.numbers.map { own[$0] }
    }
    let (all, half) = (coordinates, width / 2)
    let table = Tensor([1, all.count, half], on: device) { values in
      nonisolated(unsafe) let start = values.baseAddress
      Compute.parallel(all.count) { writeHalf(all[$0], to: start! + $0 * half) }
    }
    return gatherTokens(table, [rows])
  }
}
