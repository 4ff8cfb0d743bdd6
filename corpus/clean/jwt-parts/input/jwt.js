export const header="eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";export const parts=t=>t.split(".");export const looks=/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/;
