// Writes the records of standard input by franz-go, see ../README.md.
package main

import (
	"bufio"
	"context"
	"log"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

func main() {
	jobs := map[string][]*kgo.Record{}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		record := &kgo.Record{Topic: fields[1], Key: []byte(fields[2]), Value: []byte(fields[3])}
		jobs[fields[0]] = append(jobs[fields[0]], record)
	}
	for codec, records := range jobs {
		options := []kgo.Opt{kgo.SeedBrokers(strings.Split(os.Args[1], ",")...)}
		if codec != "default" {
			options = append(options, kgo.ProducerBatchCompression(codecs[codec]))
		}
		client, err := kgo.NewClient(options...)
		if err != nil {
			log.Fatal(err)
		}
		if err := client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
			log.Fatal(err)
		}
		client.Close()
	}
}
