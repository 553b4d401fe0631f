import Imaging

/// How a stored image must be turned to stand as whoever made it saw it: EXIF's tag 0x0112, 1 to 8.
///
/// Every viewer turns images so, and radiographs are stored in any of the eight ways where they were photographed or
/// turned in a viewer. A tag that is damaged, or holds another number, turns nothing.
struct Orientation: Equatable {
  /// Rows become columns, before anything is mirrored.
  var isTransposed = false
  /// Left and right are exchanged; after the transposition.
  var isMirrored = false
  /// Top and bottom are.
  var isFlipped = false

  init() {}

  /// - Parameter code: EXIF's number; others than 2 to 8 turn nothing.
  init(code: Int) {
    guard (2...8).contains(code) else { return }
    isTransposed = code >= 5
    isMirrored = [2, 3, 6, 7].contains(code)
    isFlipped = [3, 4, 7, 8].contains(code)
  }

  /// Reads the first EXIF segment of a JPEG file.
  init(jpeg bytes: UnsafeRawBufferPointer) {
    self.init()
    let mark = Array("Exif\0\0".utf8)
    var place = 2
    // Segments begin with 0xFF and a marker, and all of them stand before the image's data (0xDA).
    while place + 4 <= bytes.count, bytes[place] == 0xFF, bytes[place + 1] != 0xDA {
      if bytes[place + 1] == 0xFF {
        place += 1
        continue
      }
      let end = place + 2 + (Int(bytes[place + 2]) << 8 | Int(bytes[place + 3]))
      guard end >= place + 4, end <= bytes.count else { return }
      let content = UnsafeRawBufferPointer(rebasing: bytes[place + 4..<end])
      if bytes[place + 1] == 0xE1, content.starts(with: mark) {
        self.init(exif: UnsafeRawBufferPointer(rebasing: content.dropFirst(mark.count)))
        return
      }
      place = end
    }
  }

  /// Reads the eXIf chunk of a PNG file, where it stands before the image's data, as other parts of the header do.
  init(png bytes: UnsafeRawBufferPointer) {
    self.init()
    let reader = Numbers(bytes: bytes, isLittle: false)
    var place = 8
    while let length = reader.long(at: place), place + 12 + length <= bytes.count {
      let type = String(decoding: bytes[place + 4..<place + 8], as: UTF8.self)
      if type == "IDAT" { return }
      if type == "eXIf" {
        self.init(exif: UnsafeRawBufferPointer(rebasing: bytes[place + 8..<place + 8 + length]))
        return
      }
      place += 12 + length
    }
  }

  /// Reads EXIF data: a TIFF header, and a first directory of entries of 12 bytes.
  private init(exif bytes: UnsafeRawBufferPointer) {
    self.init()
    let order = String(decoding: bytes.prefix(2), as: UTF8.self)
    guard order == "II" || order == "MM" else { return }
    let reader = Numbers(bytes: bytes, isLittle: order == "II")
    guard reader.short(at: 2) == 42, let directory = reader.long(at: 4),
      let count = reader.short(at: directory)
    else { return }
    for entry in 0..<count {
      let place = directory + 2 + 12 * entry
      guard let tag = reader.short(at: place) else { return }
      guard tag == 0x0112 else { continue }
      // A number of 16 bits, whatever type is announced: some writers announce 32.
      let isLong = reader.short(at: place + 2) == 4
      self.init(code: (isLong ? reader.long(at: place + 8) : reader.short(at: place + 8)) ?? 1)
      return
    }
  }

  /// The image as it should stand.
  func applied(to image: GrayImage) -> GrayImage {
    if self == Orientation() { return image }
    let (width, height) = isTransposed ? (image.height, image.width) : (image.width, image.height)
    var turned = GrayImage(width: width, height: height)
    for row in 0..<height {
      for column in 0..<width {
        let (y, x) = (isFlipped ? height - 1 - row : row, isMirrored ? width - 1 - column : column)
        turned.pixels[row * width + column] = isTransposed ? image[x, y] : image[y, x]
      }
    }
    return turned
  }

  /// The header of the turned image from that of the stored one, and back again.
  func applied(to header: ImageHeader) -> ImageHeader {
    var turned = header
    if isTransposed { (turned.width, turned.height) = (header.height, header.width) }
    return turned
  }
}

/// Numbers within bytes; nil where they end too soon.
private struct Numbers {
  let bytes: UnsafeRawBufferPointer
  let isLittle: Bool

  func short(at place: Int) -> Int? { number(at: place, count: 2) }
  func long(at place: Int) -> Int? { number(at: place, count: 4) }

  private func number(at place: Int, count: Int) -> Int? {
    guard place >= 0, place <= bytes.count - count else { return nil }
    let digits = bytes[place..<place + count]
    return isLittle
      ? digits.reversed().reduce(0) { $0 << 8 | Int($1) } : digits.reduce(0) { $0 << 8 | Int($1) }
  }
}
