import IRLASTraining
import Testing

/// A PNG file of 8-bit samples: `channels` 1 (grey), 3 (RGB) or 4 (RGBA), stored without compression.
private func png(width: Int, height: Int, channels: Int, _ samples: [UInt8]) -> [UInt8] {
  func word(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
  func crc(_ bytes: [UInt8]) -> UInt32 {
    var state: UInt32 = .max
    for byte in bytes {
      state ^= UInt32(byte)
      for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ 0xEDB8_8320 : state >> 1 }
    }
    return ~state
  }
  func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return word(UInt32(data.count)) + body + word(crc(body))
  }
  var rows: [UInt8] = []
  for row in 0..<height { rows += [0] + samples[row * width * channels..<(row + 1) * width * channels] }
  var (a, b): (UInt32, UInt32) = (1, 0)
  for byte in rows {
    a = (a + UInt32(byte)) % 65521
    b = (b + a) % 65521
  }
  let size = UInt16(rows.count)
  let lengths = [UInt8(size & 255), UInt8(size >> 8), UInt8(~size & 255), UInt8(~size >> 8)]
  let kind: [Int: UInt8] = [1: 0, 3: 2, 4: 6]
  return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    + chunk("IHDR", word(UInt32(width)) + word(UInt32(height)) + [8, kind[channels]!, 0, 0, 0])
    + chunk("IDAT", [0x78, 0x01, 0x01] + lengths + rows + word(b << 16 | a)) + chunk("IEND", [])
}

/// 16 x 8 pixels, red left and blue right, marked as "turn by a quarter clockwise".
private let turnedJPEG = """
  /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYI
  DAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU
  FBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAIABADAREAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABgf/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA
  FgEBAQEAAAAAAAAAAAAAAAAACQcI/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AiibtqhpKxvv/2Q==
  """

private func base64(_ text: String) -> [UInt8] {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var bits: UInt32 = 0
  var count = 0
  var bytes: [UInt8] = []
  for character in text.utf8 {
    guard let value = alphabet.firstIndex(of: character) else { continue }
    bits = bits << 6 | UInt32(value)
    count += 6
    if count >= 8 {
      count -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> count))
    }
  }
  return bytes
}

@Suite struct ImageFileTests {
  private func read(_ bytes: [UInt8], _ name: String) throws -> DecodedImage {
    let folder = TemporaryFolder()
    return try ImageFile.read(folder.write(bytes, name))
  }

  @Test func readsGreyMaps() throws {
    let image = try read(Array("P5\n3 2\n255\n".utf8) + [0, 50, 100, 150, 200, 250], "a.pgm")
    #expect(image.height == 2 && image.width == 3)
    #expect(image.planes(channels: 1, height: 2, width: 3) == [0, 50, 100, 150, 200, 250])
  }

  @Test func readsColourPNG() throws {
    let samples: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7]
    let image = try read(png(width: 2, height: 2, channels: 3, samples), "a.png")
    #expect(image.pixels == samples)
    #expect(
      image.planes(channels: 3, height: 2, width: 2) == [255, 0, 0, 9, 0, 255, 0, 8, 0, 0, 255, 7])
    // 0.299, 0.587 and 0.114 of 255.
    #expect(image.planes(channels: 1, height: 2, width: 2) == [76, 150, 29, 8])
  }

  @Test func readsGreyPNGAndPutsTransparencyOnWhite() throws {
    let grey = try read(png(width: 2, height: 1, channels: 1, [10, 20]), "a.png")
    #expect(grey.planes(channels: 1, height: 1, width: 2) == [10, 20])
    let clear = try read(png(width: 2, height: 1, channels: 4, [10, 20, 30, 0, 0, 100, 255, 128]), "a.png")
    #expect(clear.pixels == [255, 255, 255, 127, 177, 255])
  }

  @Test func turnsPhotographsUpright() throws {
    let image = try read(base64(turnedJPEG), "a.jpg")
    #expect(image.height == 16 && image.width == 8)
    let planes = image.planes(channels: 3, height: 16, width: 8)
    for (channel, pair) in [(200, 30), (40, 60), (40, 220)].enumerated() {
      #expect(abs(Int(planes[channel * 128 + 8]) - pair.0) < 12)
      #expect(abs(Int(planes[channel * 128 + 15 * 8]) - pair.1) < 12)
    }
  }

  @Test func badFilesAreExplained() {
    let folder = TemporaryFolder()
    func text(_ name: String) -> String {
      message(in: folder) { () throws(FileError) in _ = try ImageFile.read(folder.file(name)) }
    }
    #expect(text("none.png") == "DIR/none.png: there is no such file")
    #expect(text("") == "DIR/: is a folder, not a picture")
    folder.write(Array("hello".utf8), "a.png")
    #expect(
      text("a.png") == """
        DIR/a.png: is not a picture that can be decoded
        help: PNG, JPEG and PGM files can be read
        """)
    folder.write(Array("P5\n60000 60000\n255\n".utf8), "huge.pgm")
    #expect(
      text("huge.pgm") == """
        DIR/huge.pgm: is a picture of 60000 x 60000 pixels, more than the 100000000 that are decoded
        help: scale it down first
        """)
    let whole = png(width: 20, height: 20, channels: 3, .init(repeating: 5, count: 1200))
    folder.write(Array(whole.prefix(200)), "cut.png")
    #expect(text("cut.png").hasPrefix("DIR/cut.png: cannot be decoded: "))
  }
}

@Suite struct ResamplingTests {
  private func noise(_ count: Int) -> [Double] {
    var stream = RandomStream(seed: 2, purpose: "resampling")
    return (0..<count).map { _ in stream.uniform(0, 255) }
  }

  @Test(arguments: [(7, 5), (1, 9), (8, 8), (100, 3)])
  func constantsStayConstant(size: (Int, Int)) {
    let result = Resampling.resize(
      .init(repeating: 42, count: size.0 * size.1), from: (size.0, size.1), to: (6, 11))
    #expect(result.count == 66)
    #expect(result.allSatisfy { abs($0 - 42) < 1e-9 })
  }

  @Test func sameSizeIsTheSamePicture() {
    let plane = noise(35)
    let result = Resampling.resize(plane, from: (5, 7), to: (5, 7))
    #expect(result == plane)
  }

  @Test func enlargingIsBilinear() {
    // Centres of a doubled row lie a quarter of a pixel beside those of the row.
    #expect(Resampling.resize([0, 100], from: (1, 2), to: (1, 4)) == [0, 25, 75, 100])
  }

  @Test func reducingKeepsTheMeanAndMirrors() {
    let plane = noise(16 * 16)
    let small = Resampling.resize(plane, from: (16, 16), to: (1, 1))
    let mean = plane.reduce(0, +) / 256
    #expect(abs(small[0] - mean) < 30)
    let half = Resampling.resize(plane, from: (16, 16), to: (8, 8))
    let mirrored = Resampling.resize(plane.reversed(), from: (16, 16), to: (8, 8))
    #expect(zip(half, mirrored.reversed()).allSatisfy { abs($0 - $1) < 1e-9 })
    // Stripes of one pixel become even grey inside: nothing aliases.
    let stripes = (0..<256).map { Double($0 % 2) * 100 }
    let grey = Resampling.resize(stripes, from: (16, 16), to: (4, 4))
    for row in 0..<4 {
      let inside: ArraySlice<Double> = grey[row * 4 + 1...row * 4 + 2]
      #expect(inside.allSatisfy { abs($0 - 50) < 1e-9 })
    }
  }

  @Test func rowsAndColumnsAreTreatedAlike() {
    let plane = noise(6 * 9)
    let transposed = (0..<54).map { plane[$0 % 6 * 9 + $0 / 6] }
    let a = Resampling.resize(plane, from: (6, 9), to: (4, 5))
    let b = Resampling.resize(transposed, from: (9, 6), to: (5, 4))
    for row in 0..<4 {
      for column in 0..<5 {
        let difference: Double = a[row * 5 + column] - b[column * 4 + row]
        #expect(abs(difference) < 1e-9)
      }
    }
  }
}
