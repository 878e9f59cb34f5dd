//go:build !mssql2017

package main

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "github.com/lib/pq"
)

const (
	askPostgresql = "SELECT pid, coalesce(version, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
	askMysql      = "SHOW SESSION STATUS LIKE 'Ssl_version'"
)

var drivers = map[string]driver{
	"lib-pq":        {"github.com/lib/pq", openPq, askPostgresql},
	"go-sql-driver": {"github.com/go-sql-driver/mysql", openMysql, askMysql},
}

func openPq(asked request) (*sql.DB, error) {
	return sql.Open("postgres", keywords(asked))
}

func keywords(asked request) string {
	words := []string{fmt.Sprintf("host=%s port=%d user=%s", asked.Host, asked.Port, asked.User)}
	words = append(words, "password="+quoted(asked.Password))
	if asked.Database != "" {
		words = append(words, "dbname="+quoted(asked.Database))
	}
	for key, value := range asked.Options {
		words = append(words, key+"="+quoted(value))
	}
	return strings.Join(words, " ")
}

func quoted(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}

// The option "ca" stands for the program's own code: the root of the registered configuration "custom".
func openMysql(asked request) (*sql.DB, error) {
	parameters := url.Values{}
	for key, value := range asked.Options {
		if key != "ca" {
			parameters.Set(key, value)
			continue
		}
		root, err := os.ReadFile(value)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(root)
		if err := mysql.RegisterTLSConfig("custom", &tls.Config{RootCAs: roots}); err != nil {
			return nil, err
		}
	}
	address := fmt.Sprintf("%s:%s@tcp(%s:%d)/%s", asked.User, asked.Password, asked.Host, asked.Port, asked.Database)
	return sql.Open("mysql", address+"?"+parameters.Encode())
}
