import CoreTensor
import Imaging
import Testing
import WorldModel

@testable import PhantomData
@testable import Radiographs

@Suite struct ExposedFieldTests {
  /// A phantom radiograph without the shade of its own shutters.
  private static func anatomy(_ number: Int, size: Int = 320) throws -> GrayImage {
    let given: [String: OptionValue] = ["images": .integer(40), "size": .integer(size)]
    let source = try phantomDefinition.make(Options(phantomDefinition.options, given: given), 3)
    let radiograph = try source.radiograph(at: number)
    let margin = size / 10
    let side = size - 2 * margin
    return radiograph.cropped(row: margin, column: margin, height: side, width: side, resizedTo: side)
  }

  enum Border: CaseIterable { case black, white, grey, noisy, dim, lettered }

  /// The radiograph in a frame that is `margins` (top, bottom, left, right) wide.
  private static func framed(_ radiograph: GrayImage, _ border: Border, _ margins: [Int]) -> GrayImage {
    var random = RandomStream(seed: 4, stream: "borders")
    let width = radiograph.width + margins[2] + margins[3]
    let height = radiograph.height + margins[0] + margins[1]
    var framed = GrayImage(width: width, height: height)
    for pixel in framed.pixels.indices {
      framed.pixels[pixel] =
        switch border {
        case .black, .lettered: 0
        case .white: 1
        case .grey: 0.5
        case .noisy: Float(random.unit()) * 0.03
        case .dim: 0.02 + 0.02 * Float(pixel / width) / Float(height)
        }
    }
    if border == .lettered {
      // Bars as wide as a word, in the border at the top, at the left and at the bottom right.
      for (row, column, tall, wide) in [
        (6, width / 3, 7, width / 8), (height / 2, 5, height / 12, 9),
        (height - 16, width - 60, 8, 40),
      ] {
        for y in row..<row + tall {
          for x in column..<column + wide where (x / 3 + y / 3) % 2 == 0 { framed[y, x] = 1 }
        }
      }
    }
    for row in 0..<radiograph.height {
      for column in 0..<radiograph.width {
        framed[margins[0] + row, margins[2] + column] = radiograph[row, column]
      }
    }
    return framed
  }

  @Test(arguments: 0..<8) func aRadiographWithoutBordersIsLeftAlone(number: Int) throws {
    let radiograph = try Self.anatomy(number)
    let field = ExposedField(of: radiograph)
    #expect(field.box == PixelBox(radiograph) && !field.wasRefused)
  }

  @Test(arguments: Border.allCases, [[24, 30, 28, 22], [0, 40, 0, 0], [0, 0, 60, 60], [20, 0, 0, 35]])
  func aBorderIsFoundToTwoPixels(border: Border, margins: [Int]) throws {
    guard border != .lettered || margins.allSatisfy({ $0 >= 20 }) else { return }
    for number in 0..<4 {
      let radiograph = try Self.anatomy(number)
      let framed = Self.framed(radiograph, border, margins)
      let field = ExposedField(of: framed)
      let box = field.box
      let found = [
        box.row, framed.height - box.row - box.height, box.column, framed.width - box.column - box.width,
      ]
      #expect(!field.wasRefused)
      for (side, margin) in zip(found, margins) {
        #expect((margin - 2...margin + 2).contains(side), "\(border) \(margins): found \(found)")
      }
    }
  }

  @Test func aBorderOfTwoKindsGoes() throws {
    let radiograph = try Self.anatomy(2)
    let framed = Self.framed(Self.framed(radiograph, .black, [15, 15, 15, 15]), .white, [10, 12, 14, 16])
    let box = ExposedField(of: framed).box
    #expect(abs(box.row - 25) <= 2 && abs(box.column - 29) <= 2)
    #expect(abs(box.height - radiograph.height) <= 4 && abs(box.width - radiograph.width) <= 4)
  }

  @Test func whatIsTooLargeIsRefused() throws {
    let radiograph = try Self.anatomy(1)
    let wide = Self.framed(radiograph, .black, [0, 0, 300, 0])
    #expect(ExposedField(of: wide).box == PixelBox(wide) && ExposedField(of: wide).wasRefused)
    let small = Self.framed(radiograph, .black, [180, 180, 180, 180])
    #expect(ExposedField(of: small).box == PixelBox(small) && ExposedField(of: small).wasRefused)
    for fill in [Float(0), 0.4, 1] {
      let blank = GrayImage(width: 50, height: 40, fill: fill)
      #expect(ExposedField(of: blank).box == PixelBox(blank) && ExposedField(of: blank).wasRefused)
    }
  }

  @Test func strangePixelsDoNotTrap() {
    var radiograph = GrayImage(width: 40, height: 40, fill: .nan)
    #expect(ExposedField(of: radiograph).box == PixelBox(radiograph))
    radiograph = GrayImage(width: 40, height: 40, fill: .infinity)
    #expect(ExposedField(of: radiograph).box == PixelBox(radiograph))
    radiograph = GrayImage(width: 1, height: 1, fill: 0)
    #expect(ExposedField(of: radiograph).box == PixelBox(radiograph))
  }
}
