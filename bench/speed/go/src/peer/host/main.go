// The program that has a plugin, and measures it: host WINDOW BYTES MODULES WARM_MS MEASURE_MS PLUGIN
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/ioutil"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"peer/wire"
)

const big = uint64(1) << 60

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(at int) int {
	n, err := strconv.Atoi(os.Args[at])
	must(err)
	return n
}

// Microseconds of CPU that all threads of a process have used.
func cpuMicros(pid int) float64 {
	sum := 0.0
	threads, _ := ioutil.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, thread := range threads {
		text, _ := ioutil.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, thread.Name()))
		if fields := bytes.Fields(text); len(fields) > 0 {
			nanos, _ := strconv.ParseFloat(string(fields[0]), 64)
			sum += nanos / 1000
		}
	}
	return sum
}

func start(cmd *exec.Cmd) (*plugin.Client, grpc.ClientStream) {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  wire.Handshake,
		Plugins:          wire.Plugins,
		Cmd:              cmd,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
	protocol, err := client.Client()
	must(err)
	module, err := protocol.Dispense("module")
	must(err)
	stream, err := module.(*grpc.ClientConn).NewStream(context.Background(), &wire.Service.Streams[0], wire.Method)
	must(err)
	return client, stream
}

func main() {
	if len(os.Args) < 7 {
		fmt.Fprintln(os.Stderr, "usage: host WINDOW BYTES MODULES WARM_MS MEASURE_MS PLUGIN")
		os.Exit(2)
	}
	window, payload := number(1), bytes.Repeat([]byte("x"), number(2))
	warm, measure := time.Duration(number(4))*time.Millisecond, time.Duration(number(5))*time.Millisecond
	cmd := exec.Command(os.Args[6])
	client, stream := start(cmd)
	defer client.Kill()

	offered := make([]time.Time, window)
	send := func(slot int) {
		params := &wire.Params{Aid: big + 1, ID: big + 2, Refid: big + 3, Groupid: big + 4, Flags: 5, Type: 6, Expiry: 7,
			Uflags: 1, Status: 9, Sid: big + 5, Device: 11, To: []byte("bob@example.com"), From: []byte("alice@example.com")}
		offered[slot] = time.Now()
		must(stream.SendMsg(&wire.Call{Slot: uint64(slot), Params: params, Payload: payload}))
	}

	took := make([]float64, 0, 1<<20)
	from := time.Now().Add(warm)
	until := from.Add(measure)
	var began time.Time
	var own, its float64
	for slot := 0; slot < window; slot++ {
		send(slot)
	}
	for {
		verdict := new(wire.Verdict)
		must(stream.RecvMsg(verdict))
		now := time.Now()
		if began.IsZero() && now.After(from) {
			began, own, its = now, cpuMicros(os.Getpid()), cpuMicros(cmd.Process.Pid)
		}
		if !began.IsZero() {
			took = append(took, float64(now.Sub(offered[verdict.Slot]).Nanoseconds())/1000)
		}
		if now.After(until) {
			break
		}
		send(int(verdict.Slot))
	}
	seconds, count := time.Since(began).Seconds(), float64(len(took))
	own, its = cpuMicros(os.Getpid())-own, cpuMicros(cmd.Process.Pid)-its
	sort.Float64s(took)
	must(json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"rate": count / seconds,
		"p50":  took[len(took)/2],
		"p99":  took[len(took)*99/100],
		"core": own / count,
		"host": its / count,
	}))
}
