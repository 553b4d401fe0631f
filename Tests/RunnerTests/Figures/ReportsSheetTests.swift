import CoreTensor
import Foundation
import Imaging
import Radiographs
import Testing
import WorldModel

@testable import Figures

@Suite struct ReportsSheetTests {
  private func sheet(count: Int = 3, cellSize: Int = 140) -> BatchSheet {
    BatchSheet(
      title: "Batch", gridSize: 14,
      samples: (0..<count).map {
        ReportsSupport.sample(
          of: ReportsSupport.syntheticRadiograph(), name: "radiograph-\($0).png", index: $0)
      }, cellSize: cellSize)
  }

  private func size(_ sheet: BatchSheet) throws -> Size { sheet.size(try Typesetter()) }

  @Test func hasAColumnForEverythingThatSomeSampleHas() throws {
    var sheet = sheet()
    #expect(
      sheet.columns == [
        .radiograph, .target(0), .target(1), .context(0), .context(1), .supervision(0), .supervision(1),
      ])
    sheet.samples = sheet.samples.map {
      BatchSheet.Sample(name: $0.name, radiograph: $0.radiograph, views: [$0.views[0]])
    }
    #expect(sheet.columns == [.radiograph, .target(0), .context(0)])
    #expect(try size(sheet).width < size(self.sheet()).width)
  }

  @Test func showsAtMostSixRows() throws {
    func height(_ count: Int) throws -> Int { try size(sheet(count: count, cellSize: 64)).height }
    #expect(try height(9) == height(6) && height(5) < height(6))
    #expect(try BatchSheet(title: "none", gridSize: 14, samples: []).pixels().height > 0)
  }

  @Test func framesLieWhereTheCropsWereCut() throws {
    let sheet = sheet()
    let canvas = try sheet.pixels()
    let sample = sheet.samples[0]
    let box = sheet.cell(row: 0, column: 0)
    let place = BatchSheet.fitted(width: sample.radiograph.width, height: sample.radiograph.height, in: box)
    let frame = sample.views[1].frame
    let scale = place.width / Double(frame.imageWidth)
    let x = Int(place.x + Double(frame.column) * scale + 1)
    let y = Int(
      place.y + (Double(frame.row) + Double(frame.height) * 0.75) * place.height / Double(frame.imageHeight))
    let pixel = canvas[y, x]
    #expect(pixel.red > 200 && pixel.blue < 140, "\(pixel)")
  }

  @Test func unseenPatchesAreDarkAndHiddenOnesTinted() throws {
    let white = GrayImage(width: 28, height: 28, fill: 1)
    let frame = Frame(
      row: 0, column: 0, height: 28, width: 28, mirrored: false, imageHeight: 28, imageWidth: 28)
    let sheet = BatchSheet(
      title: "", gridSize: 4,
      samples: [
        .init(
          name: "", radiograph: white,
          views: [
            .init(frame: frame, target: white, context: white, visible: Array(0..<8), hidden: [8, 9, 10, 11])
          ])
      ], cellSize: 160)
    let canvas = try sheet.pixels()
    let box = sheet.cell(row: 0, column: 2)
    func mean(_ patch: Int) -> (red: Double, green: Double) {
      let cell = box.cell(patch, gridSize: 4).inset(5)
      var sum = (red: 0.0, green: 0.0)
      var count = 0.0
      for row in Int(cell.y)..<Int(cell.bottom) {
        for column in Int(cell.x)..<Int(cell.right) {
          sum.red += Double(canvas[row, column].red)
          sum.green += Double(canvas[row, column].green)
          count += 1
        }
      }
      return (sum.red / count, sum.green / count)
    }
    #expect(mean(5).red == 255)
    #expect(mean(13).red < 120)
    #expect(abs(mean(13).red - mean(13).green) < 3)
    #expect(mean(9).red > mean(9).green + 30)
  }

  @Test func mirroredContextTurnsTheRadiographWithIt() {
    var frame = Frame(
      row: 10, column: 20, height: 50, width: 40, mirrored: false, imageHeight: 100, imageWidth: 80)
    let straight = BatchSheet.radiographOnGrid(frame, gridSize: 4)
    #expect(straight == Box(x: -2, y: -0.8, width: 8, height: 8))
    frame.mirrored = true
    // 20 of 80 columns lie right of the crop, which is now left of it.
    #expect(BatchSheet.radiographOnGrid(frame, gridSize: 4).x == -2)
    frame.column = 0
    #expect(BatchSheet.radiographOnGrid(frame, gridSize: 4).x == -4)
  }

  @Test func sheetToLookAt() throws {
    try ReportsSupport.show(sheet(count: 6), "sheet-synthetic")
    let canvas = try sheet(count: 2).pixels()
    let distinct = Set(stride(from: 0, to: canvas.rgb.count, by: 3).map { canvas.rgb[$0] })
    #expect(distinct.count > 100)
  }

  @Test(
    .enabled(
      if: ReportsSupport.realRadiographs != nil, "no real radiographs in shared/cxr beside the repository"))
  func sheetOfRealRadiographs() throws {
    let folder = try #require(ReportsSupport.realRadiographs)
    let source = try FolderSource(folder: folder)
    let chosen = (0..<4).map { $0 * source.records.count / 4 + 3 }
    let sheet = BatchSheet(
      title: "Batch of step 0: 4 of 16 radiographs", gridSize: 14,
      samples: try chosen.map {
        ReportsSupport.sample(
          of: try source.radiograph(at: $0), name: source.records[$0].identifier, index: $0)
      })
    try ReportsSupport.show(sheet, "sheet-real")
    let size = try size(sheet)
    #expect(size.width > size.height)
  }
}
