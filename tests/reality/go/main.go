// Connects with the Go database driver named by the argument: one request per line in, one answer per line out.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

type request struct {
	Host, User, Password, Database string
	Port, Seconds                  int
	Options                        map[string]string
}

type answer struct {
	Connected bool    `json:"connected"`
	Encrypted *string `json:"encrypted"`
	TLS       *string `json:"tls"`
	Error     *string `json:"error"`
	Version   string  `json:"version"`
}

// A driver opens a pool for a request; ask is a query whose second column is the TLS version, or nothing.
type driver struct {
	module string
	open   func(request) (*sql.DB, error)
	ask    string
}

func main() {
	chosen, known := drivers[os.Args[1]]
	if !known {
		fmt.Fprintln(os.Stderr, "unknown driver", os.Args[1])
		os.Exit(2)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		out, _ := json.Marshal(attempt(chosen, lines.Bytes()))
		fmt.Println(string(out))
	}
}

func attempt(chosen driver, line []byte) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return failed(chosen, err)
	}
	done := make(chan answer, 1)
	go func() { done <- connect(chosen, asked) }()
	select {
	case result := <-done:
		return result
	// Some drivers heed no context while they shake hands.
	case <-time.After(time.Duration(asked.Seconds) * time.Second):
		return failed(chosen, context.DeadlineExceeded)
	}
}

func connect(chosen driver, asked request) (result answer) {
	// The TLS connection of go-mssqldb of 2017 panics when a newer Go closes it.
	defer func() { _ = recover() }()
	pool, err := chosen.open(asked)
	if err != nil {
		return failed(chosen, err)
	}
	defer pool.Close()
	result = answer{Connected: true, Version: chosen.version()}
	if chosen.ask == "" {
		var one int
		err = pool.QueryRow("SELECT 1").Scan(&one)
	} else {
		var name, version, how string
		err = pool.QueryRow(chosen.ask).Scan(&name, &version)
		result.Encrypted = &how
		if how = "none"; version != "" {
			how, result.TLS = "session", &version
		}
	}
	if err != nil {
		return failed(chosen, err)
	}
	return result
}

func failed(chosen driver, err error) answer {
	words := err.Error()
	if len(words) > 2000 {
		words = words[:2000]
	}
	return answer{Error: &words, Version: chosen.version()}
}

func (chosen driver) version() string {
	built, _ := debug.ReadBuildInfo()
	for _, module := range built.Deps {
		if module.Path == chosen.module {
			return fmt.Sprintf("%s %s, %s", module.Path, module.Version, runtime.Version())
		}
	}
	return chosen.module + ", " + runtime.Version()
}
