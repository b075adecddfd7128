import IRLASJSON
import Glibc
import IRLASTraining
import Synchronization
import Testing

@Suite struct AtomicFileTests {
  @Test func writesAndReplaces() throws {
    let folder = TemporaryFolder()
    let path = folder.write([1, 2, 3], "a")
    #expect(try FileBytes.read(path) == [1, 2, 3])
    folder.write([4], "a")
    #expect(try FileBytes.read(path) == [4])
    #expect(folder.names == ["a"])
  }

  @Test func nothingIsSeenBeforeCommit() throws {
    let folder = TemporaryFolder()
    folder.write([1], "a")
    do {
      var file = try AtomicFile(path: folder.file("a"))
      try file.write([9, 9])
      #expect(try FileBytes.read(folder.file("a")) == [1])
      #expect(folder.names == [".a.partial", "a"])
      // Dropped without commit: the partial file goes.
    }
    #expect(folder.names == ["a"])
    #expect(try FileBytes.read(folder.file("a")) == [1])
  }

  /// A file system that takes `room` bytes, a few at a time, and is full then.
  private func disk(room: Int) -> FileOperations {
    let left = Mutex(room)
    var operations = FileOperations.system
    operations.write = { descriptor, bytes, count in
      left.withLock { left in
        guard left > 0 else { return (-1, ENOSPC) }
        let part = min(left, count, 7)
        left -= part
        return (Glibc.write(descriptor, bytes, part), 0)
      }
    }
    return operations
  }

  @Test(arguments: [0, 1, 6, 7, 8, 99])
  func aFullDiskLeavesTheOldFile(room: Int) {
    let folder = TemporaryFolder()
    folder.write([1, 2], "a")
    let text = message(in: folder) { () throws(FileError) in
      try AtomicFile.write(
        [UInt8](repeating: 5, count: 100), to: folder.file("a"), operations: disk(room: room))
    }
    #expect(
      text == """
        DIR/a: cannot write this file: No space left on device
        help: free some space on this disk, or write elsewhere
        """)
    #expect(folder.names == ["a"])
    #expect((try? FileBytes.read(folder.file("a"))) == [1, 2])
  }

  @Test func shortWritesAreContinued() throws {
    let folder = TemporaryFolder()
    let bytes = (0..<100).map { UInt8($0) }
    try AtomicFile.write(bytes, to: folder.file("a"), operations: disk(room: 100))
    #expect(try FileBytes.read(folder.file("a")) == bytes)
  }

  @Test func failedFlushAndRenameLeaveTheOldFile() {
    let folder = TemporaryFolder()
    folder.write([1], "a")
    var flush = FileOperations.system
    flush.synchronize = { _ in EIO }
    var rename = FileOperations.system
    rename.rename = { _, _ in EACCES }
    #expect(
      message(in: folder) { () throws(FileError) in
        try AtomicFile.write([2], to: folder.file("a"), operations: flush)
      } == "DIR/a: cannot write this file to disk: Input/output error")
    #expect(
      message(in: folder) { () throws(FileError) in
        try AtomicFile.write([2], to: folder.file("a"), operations: rename)
      } == """
        DIR/a: cannot put this file in place: Permission denied
        help: check the permissions of the file and its folder
        """)
    #expect(folder.names == ["a"])
    #expect((try? FileBytes.read(folder.file("a"))) == [1])
  }

  @Test func aDeadWritersRestIsTakenOver() throws {
    let folder = TemporaryFolder()
    let rest = open(folder.file(".a.partial"), O_WRONLY | O_CREAT, 0o666)
    #expect(rest >= 0)
    _ = "half".utf8CString.withUnsafeBytes { Glibc.write(rest, $0.baseAddress, 4) }
    close(rest)
    try AtomicFile.write([1], to: folder.file("a"))
    #expect(try FileBytes.read(folder.file("a")) == [1])
    #expect(folder.names == ["a"])
  }

  @Test func twoWritersAreKeptApart() throws {
    let folder = TemporaryFolder()
    let first = try AtomicFile(path: folder.file("a"))
    #expect(
      message(in: folder) { () throws(FileError) in
        _ = try AtomicFile(path: folder.file("a"))
      } == """
        DIR/a: another process is writing this file
        help: wait for it, or choose another folder
        """)
    try first.commit()
    #expect(folder.names == ["a"])
  }

  @Test func readingSaysWhatIsInTheWay() {
    let folder = TemporaryFolder()
    folder.write([1, 2, 3], "a")
    #expect(
      message(in: folder) { () throws(FileError) in _ = try FileBytes.read(folder.file("b")) }
        == "DIR/b: cannot open this file: No such file or directory")
    #expect(
      message(in: folder) { () throws(FileError) in _ = try FileBytes.read(folder.path) }
        == "DIR: is a folder, not a file")
    #expect(
      message(in: folder) { () throws(FileError) in _ = try FileBytes.read(folder.file("a"), limit: 2) }
        == "DIR/a: has 3 bytes, more than the 2 allowed here")
    #expect(
      message(in: folder) { () throws(FileError) in
        try FileBytes.createFolder(folder.file("a/b"))
      } == "DIR/a: cannot create this folder: Not a directory")
  }

  @Test func foldersAreMadeWithThoseAbove() throws {
    let folder = TemporaryFolder()
    try FileBytes.createFolder(folder.file("x/y//z"))
    #expect(FileBytes.isFolder(folder.file("x/y/z")))
    try FileBytes.createFolder(folder.file("x/y"))
    try FileBytes.createFolder("")
    #expect(FileBytes.folder(of: "a/b/c") == "a/b")
    #expect(FileBytes.folder(of: "/c") == "/")
    #expect(FileBytes.folder(of: "c") == ".")
    #expect(FileBytes.name(of: "a/b/c") == "c")
  }

  @Test(arguments: [1, 2, 3, 8, 100])
  func parallelRangesCoverAllOnce(threads: Int) {
    for count in [0, 1, 2, 7, 64] {
      let seen = Mutex([Int](repeating: 0, count: count))
      Parallel.ranges(count, threads: threads) { range in
        seen.withLock { seen in for index in range { seen[index] += 1 } }
      }
      #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }
}

@Suite struct JSONTests {
  private func parse(_ text: String) throws -> JSON { try JSON.parse(Array(text.utf8)[...]) }

  @Test func writesStableLines() {
    let value = JSON.object([
      .init("z", .integer(1)), .init("a", .array([.null, .bool(true), .number(0.1), .number(.nan)])),
      .init("q\"\\", .string("é\n\u{1}\u{7F}")), .init("e", .object([])),
    ])
    #expect(
      value.line
        == #"{"z":1,"a":[null,true,0.1,null],"q\"\\":"é\n\u0001\u007f","e":{}}"#)
  }

  @Test(arguments: [
    "null", "[1,-2,0.5,1e+300,-0.0]", #"{"a":[{"b":"\u00e9😀"}],"c":9223372036854775807}"#,
    #"["\"\\\n\t"]"#, "[]", "[-9223372036854775808,1e-07]",
  ])
  func roundTrips(text: String) throws {
    let value = try parse(text)
    #expect(try parse(value.line) == value)
  }

  @Test func readsEscapesAndNumbers() throws {
    #expect(try parse(#""\ud83d\ude00\/\b\f""#) == .string("😀/\u{8}\u{C}"))
    #expect(
      try parse(" [ 1 , 2.0 , 123456789012345680000 ] ")
        == .array([.integer(1), .number(2), .number(1.2345678901234568e20)]))
  }

  @Test(arguments: [
    ("", 0, "the text ends where a value is needed"),
    ("[1,]", 3, "not the start of a value"),
    ("[1 2]", 3, "`,` or `]` is needed"),
    (#"{"a":1,"a":2}"#, 7, #"the key "a" occurs twice"#),
    (#"{"a" 1}"#, 5, "`:` is needed after a key"),
    ("{a:1}", 1, "a key in quotes is needed"),
    ("01", 1, "a number cannot start with 0"),
    ("1.", 2, "a digit is needed"),
    ("1e999", 0, "the number is too large"),
    ("\"ab", 0, "the string has no end"),
    ("\"a\nb\"", 2, "a control character inside a string"),
    (#""\x""#, 2, "an unknown escape"),
    (#""\ud800""#, 7, "half of a surrogate pair"),
    (#""\u12g4""#, 5, "four hexadecimal digits are needed"),
    ("1 1", 2, "something follows the value"),
    ("tru", 0, "not the start of a value"),
  ])
  func saysWhatIsWrongAndWhere(text: String, offset: Int, problem: String) {
    #expect(throws: JSON.SyntaxError(offset: offset, problem: problem)) { try parse(text) }
  }

  @Test func deepNestingAndBadUTF8AreErrors() {
    let deep = String(repeating: "[", count: 1_000_000)
    #expect(throws: JSON.SyntaxError(offset: 32, problem: "nested too deeply")) { try parse(deep) }
    #expect(throws: JSON.SyntaxError(offset: 0, problem: "the string is not valid UTF-8")) {
      try JSON.parse([0x22, 0xFF, 0x22])
    }
  }
}
