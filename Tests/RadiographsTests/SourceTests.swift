import Foundation
import Imaging
import Testing
import WorldModel

@testable import Radiographs

@Suite struct FolderSourceTests {
  private let radiograph = try! PngWriter.encode(Fixtures.noise())

  @Test func searchesInAFixedOrder() throws {
    let folder = try ScratchFolder()
    for name in ["b.png", "a/z.PNG", "a/B.jpg", "a/b.Jpeg", "Ä.png", "a.png", "deep/er/x.jpeg", "1.2.840"] {
      try folder.write(radiograph, name)
    }
    for name in [".hidden.png", ".git/x.png", "notes.txt", "a/radiograph.png.bak"] {
      try folder.write(radiograph, name)
    }
    try folder.write(Array("a list of radiographs".utf8), "README")
    let source = try FolderSource(folder: folder.path)
    #expect(
      source.records.map(\.identifier) == [
        "1.2.840", "a.png", "a/B.jpg", "a/b.Jpeg", "a/radiograph.png.bak", "a/z.PNG", "b.png",
        "deep/er/x.jpeg",
        "Ä.png",
      ])
    #expect(try source.radiograph(at: 2).width == 40)
    #expect(source.findingNames.isEmpty)
    #expect(source.summary.contains("9 radiographs"))
  }

  @Test func linksDoNotRunInCircles() throws {
    let folder = try ScratchFolder()
    let elsewhere = try ScratchFolder()
    try folder.write(radiograph, "real/x.png")
    try elsewhere.write(radiograph, "far.png")
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder.path + "/a-loop", withDestinationPath: folder.path)
    try files.createSymbolicLink(atPath: folder.path + "/a-link", withDestinationPath: folder.path + "/real")
    try files.createSymbolicLink(atPath: folder.path + "/out", withDestinationPath: elsewhere.path)
    try files.createSymbolicLink(atPath: elsewhere.path + "/back", withDestinationPath: folder.path)
    try files.createSymbolicLink(
      atPath: folder.path + "/gone.png", withDestinationPath: "/no/such/radiograph")
    let source = try FolderSource(folder: folder.path)
    #expect(source.records.map(\.identifier) == ["gone.png", "out/far.png", "real/x.png"])
    #expect(Fixtures.reason { _ = try source.radiograph(at: 0) } == "the file does not exist")
  }

  @Test func emptyAndMissingFoldersAreErrors() throws {
    let folder = try ScratchFolder()
    #expect(throws: RadiographsError.noRadiographs(folder: folder.path, endings: ["jpeg", "jpg", "png"])) {
      try FolderSource(folder: folder.path)
    }
    let words = Fixtures.failure { _ = try FolderSource(folder: folder.path + "/none") }
    #expect(words?.contains("no such folder") == true)
    let file = try folder.write(radiograph, "radiograph.png")
    #expect(Fixtures.failure { _ = try FolderSource(folder: file) }?.contains("this is a file") == true)
  }
}

@Suite struct OpenRadiographSourceTests {
  private let radiograph = try! PngWriter.encode(Fixtures.noise())

  @Test func anIndexMakesAFolderATable() throws {
    let folder = try ScratchFolder()
    try folder.write(radiograph, "images/a.png")
    try folder.write(radiograph, "masks/a.png")
    try folder.write("file,labels\nimages/a.png,Normal\n", "index.csv")
    for path in [folder.path, folder.path + "/"] {
      let source = try openRadiographSource(path: path)
      #expect(source.records.map(\.identifier) == ["images/a.png"])
      #expect(source.summary.hasPrefix("index.csv found in the folder"))
      #expect(try source.radiograph(at: 0).height == 36)
    }
    #expect(try openRadiographSource(path: folder.path + "/index.csv").records.count == 1)
  }

  @Test func aFolderWithoutPathsInItsIndexIsSearched() throws {
    let folder = try ScratchFolder()
    try folder.write(radiograph, "a.png")
    try folder.write("name,value\nx,1\n", "index.csv")
    #expect(try openRadiographSource(path: folder.path).summary.hasPrefix("folder"))
    let named = try openRadiographSource(path: folder.path, options: TableOptions(pathColumn: "name"))
    #expect(named.records.map(\.identifier) == ["x"])
    let words = Fixtures.failure {
      _ = try openRadiographSource(path: folder.path, options: TableOptions(filters: ["value=1"]))
    }
    #expect(words?.contains("no index.csv with a column of paths") == true)
  }

  @Test func otherThingsAreRefused() throws {
    let folder = try ScratchFolder()
    let single = try folder.write(radiograph, "a.png")
    #expect(
      Fixtures.failure { _ = try openRadiographSource(path: single) }?.contains("a single radiograph") == true
    )
    let missing = Fixtures.failure { _ = try openRadiographSource(path: folder.path + "/none") }
    #expect(missing?.contains("No such file or directory") == true)
  }
}
