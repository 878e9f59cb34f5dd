//go:build !old && !mssql2017

package main

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "github.com/microsoft/go-mssqldb"
)

func init() {
	drivers["pgx"] = driver{"github.com/jackc/pgx/v5", openPgx, askPostgresql}
	drivers["go-mssqldb"] = driver{"github.com/microsoft/go-mssqldb", openMssql, ""}
}

func openPgx(asked request) (*sql.DB, error) {
	config, err := pgx.ParseConfig(keywords(asked))
	if err != nil {
		return nil, err
	}
	// It would try each address of localhost, and its error would tell of all.
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }
	return stdlib.OpenDB(*config), nil
}
