import Foundation
import Testing

/// The rules of `docs/architecture.md` and `docs/style.md` that a script can see.
@Suite struct TidyTests {
  /// What each module may import of ours and of the system; everything else is a wall.
  static let allowedImports: [String: Set<String>] = [
    "IRLASGraph": [],
    // The C library for `log`, `pow` and the like alone.
    "IRLASDSL": ["IRLASGraph", "Glibc", "Musl", "Darwin"],
    "IRLASCompiler": [
      "IRLASGraph", "CKernels", "COpenBLAS", "CGraphviz", "FoundationEssentials", "Glibc", "Synchronization",
    ],
    "IRLASDocumentation": ["IRLASGraph", "IRLASDSL", "IRLASCompiler"],
    "IRLASJSON": [],
    "IRLASLanguageServer": ["IRLASGraph", "IRLASDSL", "IRLASJSON", "Glibc", "Synchronization"],
    "IRLASTraining": [
      "IRLASGraph", "IRLASJSON", "IRLASCompiler", "CPixbuf", "Dispatch", "FoundationEssentials", "Glibc",
      "Synchronization",
    ],
    "IRLASSearch": ["IRLASGraph"],
    "IRLASStudy": [
      "IRLASGraph", "IRLASJSON", "IRLASCompiler", "IRLASTraining", "IRLASSearch", "GRDB",
      "FoundationEssentials", "Glibc",
    ],
    "irlas": [
      "IRLASGraph", "IRLASDSL", "IRLASJSON", "IRLASLanguageServer", "IRLASCompiler", "IRLASDocumentation",
      "IRLASTraining", "IRLASSearch", "IRLASStudy", "ArgumentParser", "FoundationEssentials", "Glibc",
      "Synchronization",
    ],
  ]

  @Test(arguments: allowedImports.keys.sorted())
  func importsPointInOneDirection(module: String) throws {
    let allowed = try #require(Self.allowedImports[module])
    let files = try Repository.files(below: "Sources/\(module)", suffixes: [".swift"])
    #expect(!files.isEmpty)
    for file in files {
      for name in file.imports where !allowed.contains(name) {
        Issue.record("\(file.path) imports \(name), which \(module) may not")
      }
    }
  }

  @Test func everySourceModuleHasAnImportRule() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      at: Repository.root.appending(path: "Sources"), includingPropertiesForKeys: nil)
    for name in folders.map(\.lastPathComponent).sorted() where !name.hasPrefix("C") {
      #expect(Self.allowedImports[name] != nil, "Sources/\(name) has no rule in this test")
    }
  }

  @Test(arguments: ["COpenBLAS", "CGraphviz", "CPixbuf"])
  func eachLibraryInCHasOneImporter(library: String) throws {
    let importers = try Repository.files(below: "Sources", suffixes: [".swift"])
      .filter { $0.imports.contains(library) }.map(\.path)
    #expect(importers.count == 1, "\(library) is imported by \(importers)")
  }

  @Test func filesStayReadable() throws {
    for file in try Repository.files(below: "Sources", suffixes: [".swift", ".c", ".h"]) {
      #expect(file.lines.count <= 600, "\(file.path) has \(file.lines.count) lines: split it by theme")
    }
  }

  @Test func textsNameNoMachineAndLeaveNothingOpen() throws {
    // Spelled in pieces, so that this file passes its own test.
    let forbidden = ["/wo" + "rk/", "/ro" + "ot/", "TO" + "DO", "FIX" + "ME", "swift-test-" + "placeholder"]
    let folders = ["Sources", "Tests", "docs", "grammar", "samples", "scripts"]
    for folder in folders {
      for file in try Repository.files(
        below: folder, suffixes: [".swift", ".c", ".h", ".md", ".irlas", ".py", ".sh"])
      {
        for (number, line) in file.lines.enumerated() {
          for word in forbidden where line.contains(word) {
            Issue.record("\(file.path):\(number + 1) contains \(word)")
          }
        }
      }
    }
  }

  @Test func everyPublishedNetworkPinsItsCounts() throws {
    let samples = try Repository.files(below: "samples/published", suffixes: [".irlas"])
    #expect(samples.count >= 7)
    for sample in samples {
      let check = sample.lines.contains { $0.hasPrefix("check ") && $0.contains("params ==") }
      #expect(check, "\(sample.path) has no `check` with `params ==`")
    }
  }

  @Test func theCodeMapNamesEveryModule() throws {
    let map = try String(
      contentsOf: Repository.root.appending(path: "docs/architecture.md"), encoding: .utf8)
    let folders = try FileManager.default.contentsOfDirectory(
      at: Repository.root.appending(path: "Sources"), includingPropertiesForKeys: nil)
    for name in folders.map(\.lastPathComponent).sorted() {
      #expect(map.contains("`\(name)`"), "docs/architecture.md does not name `\(name)`")
    }
  }
}
